// A stage: pictures, one slider, one sentence.  Everything that the slider can show is in `table` already, so moving it asks
// nobody: the newest position is drawn in the next animation frame.  Text is only ever set as text, never as HTML.
//
// State: `at`, the slider's place; `pressed`, what each row of buttons shows; `unfolded`.  Each is kept by itself.
//
// table = {
//   slider: {label, texts: [F strings]},  toggles: [{label, options: [strings], first}],
//   sentences: {words: [strings], at: packed numbers of words}, notes: likewise, ends (what is said of the slider's) if any,
//     one for each row: the slider's position counts fastest, the first toggle slowest
//   panels: [{kind, title, alt, first: is it shown before the stage unfolds, under: under the slider, fold: or behind the fold below the caveat, ...}],
// }
// It stands on `marks.js`, which draws dots and charts, and `path.js`, which draws how a decision came about.

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const seen = new Map();

/** Red, green and blue of any colour that CSS may name: a pixel is painted with it and read. */
function channels(colour) {
  if (!seen.has(colour)) {
    probe.fillStyle = "#000";
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    seen.set(colour, Array.from(probe.getImageData(0, 0, 1, 1).data).slice(0, 3));
  }
  return seen.get(colour);
}

/** Colours of the page as it is now: light or dark. */
function lookOf(element, table) {
  const style = getComputedStyle(element);
  const [r, g, b] = channels(style.color);
  const dark = 0.3 * r + 0.6 * g + 0.1 * b > 128;
  const ink = style.color;
  const paper = dark ? "#111" : "#fff";
  return { dark, ink, paper, faint: `rgba(${r}, ${g}, ${b}, 0.15)`, font: style.fontFamily, colours: dark ? table.dark : table.light };
}

/** The row of the slider's place and what each row of buttons shows: the slider counts fastest, the first buttons slowest. */
const rowOf = (table, at, pressed) =>
  table.toggles.reduce((row, toggle, i) => row * toggle.options.length + (pressed[i] || 0), 0) * table.slider.texts.length + at;
const textOf = (texts, position) => texts.words[row(texts.at, position)[0]];

/** Buttons of which one is pressed; `chosen(option)` is called when another is. */
function buttons(toggle, parent, chosen) {
  const group = make("div", "simkit-toggle", parent);
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-label", toggle.label);
  make("b", "", group, toggle.label);
  const options = make("div", "", group);
  const name = `simkit-toggle-${Math.random().toString(36).slice(2)}`;  // radios of one name are one group on the whole page
  const inputs = toggle.options.map((option, i) => {
    const label = make("label", "", options);
    const input = make("input", "", label);
    make("span", "", label, option);
    Object.assign(input, { type: "radio", name });
    input.dataset.lmSuppressShortcuts = "true";
    input.addEventListener("change", () => chosen(i));
    input.addEventListener("keydown", (event) => { if (/^Arrow/.test(event.key)) event.stopPropagation(); });
    return input;
  });
  return { group, press: (option) => { inputs[option].checked = true; } };
}

function render({ model, el }) {
  const root = make("div", "simkit-stage", el);
  const main = make("div", "simkit-main", root);
  const side = make("div", "simkit-side", root);
  const guessed = make("p", "simkit-guess", main);
  const first = make("div", "", main);
  const bar = make("div", "simkit-toggles", main);
  const control = make("div", "simkit-slider", main);
  const ends = [make("button", "simkit-end", control)];
  const travel = make("div", "simkit-travel", control);
  ends.push(make("button", "simkit-end", control));
  const name = make("span", "", travel);
  const value = make("output", "", travel);
  const slider = make("input", "", travel);
  const flag = make("div", "simkit-flag", travel);
  const under = make("div", "simkit-under", travel);
  const key = make("div", "", main);
  slider.type = "range";
  slider.step = 1;
  slider.dataset.lmSuppressShortcuts = "true";  // the arrow keys are the slider's: in Notebook they are taken on the way down,
  const sentence = make("p", "simkit-sentence", main);
  const note = make("p", "simkit-note", main);
  const fold = make("details", "simkit-fold", main);
  const folded = make("summary", "", fold);
  folded.dataset.lmSuppressShortcuts = "true";
  const spoken = make("div", "simkit-spoken", root);
  spoken.setAttribute("aria-live", "polite");
  const tools = make("div", "simkit-tools", main);
  const more = make("button", "simkit-more", tools, "More");
  more.type = "button";
  let at = model.get("at");
  let pressed = [...model.get("pressed")];
  let waiting = 0;
  let resting = 0;
  let frames = [];
  let toggles = [];
  let offered = "";
  let peeking = false;
  let telling = false;

  /** The table; while the next one is on its way, one row of that, in as many pictures as have come.  The others are late. */
  function current() {
    const [table, peek] = [model.get("table"), model.get("peek")];
    if (!peeking || peek.panels.some((panel, i) => panel && panel.kind !== table.panels[i]?.kind)) return table;
    const panels = table.panels.map((panel, i) => peek.panels[i] || (panel && { ...panel, late: true }));
    return { ...table, ...peek, panels };
  }

  const early = (panel) => panel.first || panel.beside || panel.fold;
  const shown = () => {
    const panels = current().panels.filter((panel) => panel && (early(panel) || model.get("unfolded")));
    const { y } = model.get("guess") || {};
    return y === undefined ? panels : panels.map((panel) => (panel.first && panel.kind === "chart" ? { ...panel, guess: y } : panel));
  };

  function build() {
    const wanted = shown();
    if (frames.length !== wanted.length || frames.some((frame, i) => frame.kind !== wanted[i].kind)) {
      [first, side, under, key].forEach((place) => place.replaceChildren());
      fold.replaceChildren(folded);
      side.hidden = wanted.every((panel) => panel.first || panel.fold);
      fold.hidden = !wanted.some((panel) => panel.fold);
      frames = wanted.map((panel) => {
        const place = panel.fold ? fold : panel.under ? under : panel.first ? first : side;
        const figure = make("figure", `simkit-${panel.kind}`, place);
        const caption = make("figcaption", "", figure);
        const canvas = make("canvas", "", figure);
        if (panel.fold) canvas.hidden = true;  // words only
        else canvas.setAttribute("role", "img");
        return { kind: panel.kind, figure, caption, canvas, legend: make("ul", "", panel.under ? key : figure) };
      });
    }
    const table = model.get("table");
    const { slider: about } = table;
    slider.max = about.texts.length - 1;
    name.textContent = about.label;
    slider.setAttribute("aria-label", about.label);
    control.hidden = about.texts.length < 2;
    control.classList.toggle("simkit-ended", Boolean(table.ends));
    ends.forEach((end) => { end.hidden = !table.ends; });
    main.insertBefore(bar, table.ends ? sentence : control);
    if (offered !== JSON.stringify(table.toggles)) {
      offered = JSON.stringify(table.toggles);
      bar.replaceChildren();
      toggles = table.toggles.map((toggle, i) => buttons(toggle, bar, (option) => press(i, option)));
    }
    toggles.forEach(({ group }, i) => { group.hidden = !(table.toggles[i].first || model.get("unfolded")); });
    more.hidden = table.panels.every((panel) => panel && early(panel)) && table.toggles.every((toggle) => toggle.first) && !(model.get("offers") || []).includes("page");
    more.setAttribute("aria-expanded", String(model.get("unfolded")));
    at = Math.min(at, about.texts.length - 1);  // where the hand is, which the kernel may not know yet
    pressed = table.toggles.map((toggle, i) => Math.min(pressed[i] || 0, toggle.options.length - 1));
    place();
    if (typeof helpControls === "function") setTimeout(helpControls, 300);
    ask();
  }

  /** Let slider and buttons show where they stand. */
  function place() {
    slider.value = at;
    toggles.forEach(({ press }, i) => press(pressed[i]));
  }

  function draw() {
    waiting = 0;
    if (!root.clientWidth) return;  // not on the page yet: the size observer asks again
    const table = current();
    const position = rowOf(model.get("table"), at, pressed);
    const said = textOf(table.sentences, position);
    const look = lookOf(root, table);
    shown().forEach((panel, i) => {
      const { figure, caption, canvas, legend } = frames[i];
      const titled = panel.fold ? folded : caption;
      if (titled.textContent !== panel.title) titled.textContent = panel.title;
      DRAW[panel.kind](panel, canvas, figure.clientWidth, position, look, legend);
      if (panel.legend) drawLegend(panel, legend, position, look);
      figure.classList.toggle("simkit-late", Boolean(panel.late));
      if (panel.fold) return;
      canvas.title = panel.tip || "";
      const label = panel.first ? `${panel.alt} ${said}` : panel.alt;
      if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
    });
    if (table.ends) ends.forEach((end, i) => drawEnd(end, i, table, rowOf(table, i * (table.slider.texts.length - 1), pressed), look));
    drawGuess(table);
    value.textContent = table.slider.texts[at];
    slider.setAttribute("aria-valuetext", value.textContent);
    sentence.textContent = said;
    note.textContent = textOf(table.notes, position);
    root.dataset.drawn = position;
  }

  /** The picture and the words of an end of the slider, which a click goes to. */
  function drawEnd(end, place, table, position, look) {
    if (!end.childElementCount) {
      end.type = "button";
      make("canvas", "", end);
      make("span", "", end);
    }
    const [canvas, words] = end.children;
    const picture = table.panels.find((panel) => panel?.kind === "mosaic");
    canvas.hidden = !picture;
    if (picture) drawThumbnail(picture, canvas, 64, 36, position, look);
    words.textContent = textOf(table.ends, position).split("\n")[place].replace(": ", "\n");
  }

  /** What was predicted: a line above the picture, and a flag under the place of the slider that it means. */
  function drawGuess(table) {
    const { text, at: place } = model.get("guess") || {};
    guessed.hidden = !text;
    guessed.textContent = text || "";
    flag.hidden = place === undefined;
    if (flag.hidden) return;
    const part = place / Math.max(1, table.slider.texts.length - 1);
    const words = flag.firstChild || make("span", "", flag);
    words.style.left = `calc(${100 * part}% + ${8 - 16 * part}px)`;  // under the middle of the thumb
    words.textContent = part < 0.6 ? "▲ your guess" : "your guess ▲";
    words.className = part < 0.6 ? "" : "simkit-back";
  }

  const ask = () => { waiting ||= requestAnimationFrame(draw); };

  /** All that is seen now, for a picture of it. */
  function scene() {
    rest();
    const table = current();
    const position = rowOf(model.get("table"), at, pressed);
    const labels = [...table.toggles.map((toggle, i) => [toggle, toggle.options[pressed[i]]]), [table.slider, table.slider.texts[at]]];
    const chosen = labels.filter(([, text]) => text !== "").map(([about, text]) => (about.label ? `${about.label}: ${text}` : text));
    const [said, note] = [textOf(table.sentences, position), textOf(table.notes, position)];
    return { panels: shown().filter((panel) => !panel.fold), position, look: lookOf(root, table), chosen, said, note };
  }

  /** The kernel is told where the slider rests, not each step of a drag; screen readers likewise. */
  function rest() {
    clearTimeout(resting);
    const table = model.get("table");
    const position = rowOf(table, at, pressed);
    spoken.textContent = `${textOf(table.sentences, position)} ${textOf(table.notes, position)}`;
    if (model.get("at") === at && same(model.get("pressed"), pressed)) return;
    telling = true;  // each of the two is heard at once, and the other is not told yet
    model.set("at", at);
    model.set("pressed", [...pressed]);
    telling = false;
    model.save_changes();
  }

  const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

  function moved() {
    at = Number(slider.value);
    go();
  }

  function press(toggle, option) {
    pressed[toggle] = option;
    go();
  }

  function go() {
    ask();
    clearTimeout(resting);
    resting = setTimeout(rest, 250);
  }

  ends.forEach((end, i) => end.addEventListener("click", () => {
    slider.value = i * slider.max;
    moved();
  }));
  more.addEventListener("click", () => {
    model.set("unfolded", !model.get("unfolded"));
    model.save_changes();
  });
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    event.stopPropagation();
    rest();
    model.send?.({ ask: event.shiftKey ? "redo" : "undo" });
  });
  slider.addEventListener("keydown", (event) => {
    if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation();  // in JupyterLab on the way up
  });
  slider.addEventListener("input", moved);
  slider.addEventListener("change", rest);
  const told = () => {
    if (telling || (model.get("at") === at && same(model.get("pressed"), pressed))) return;
    [at, pressed] = [model.get("at"), [...model.get("pressed")]];
    place();
    ask();
  };
  const whole = () => { peeking = false; build(); };
  const peeked = () => { peeking = Boolean(model.get("peek").panels); ask(); };
  model.on("change:table", whole);
  model.on("change:peek", peeked);
  model.on("change:unfolded", build);
  model.on("change:guess", ask);
  model.on("change:at", told);
  model.on("change:pressed", told);
  const theme = new MutationObserver(ask);
  theme.observe(document.body, { attributes: true });
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", ask);
  const size = new ResizeObserver(ask);
  size.observe(root);
  const ended = outOf(model, tools, scene);
  build();
  return () => {
    ended();
    model.off("change:table", whole);
    model.off("change:peek", peeked);
    model.off("change:unfolded", build);
    model.off("change:guess", ask);
    model.off("change:at", told);
    model.off("change:pressed", told);
    theme.disconnect();
    scheme.removeEventListener("change", ask);
    size.disconnect();
    cancelAnimationFrame(waiting);
    clearTimeout(resting);
  };
}

export default { render };
