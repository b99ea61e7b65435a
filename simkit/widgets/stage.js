// A stage: pictures, one slider, one sentence.  Everything that the slider can show is in `table` already, so moving it asks
// nobody: the newest position is drawn in the next animation frame.  Text is only ever set as text, never as HTML.
//
// table = {
//   slider: {label, low, high, texts: [F strings], best: position or -1},  sentences: [F strings], notes: [F strings],
//   panels: [{kind: "dots" | "chart", title, alt, first: is it shown before the stage unfolds, ...}],
// }
// It stands on `marks.js`, which draws.

/** Sliders of ipywidgets have no accessible name: give them that of the label beside them.  Menus keep their arrow keys. */
function helpControls() {
  for (const control of document.querySelectorAll(".widget-slider")) {
    const label = control.querySelector(".widget-label");
    control.querySelectorAll("[role=slider]").forEach((handle) => handle.setAttribute("aria-label", label ? label.textContent : ""));
  }
  document.querySelectorAll(".widget-dropdown select").forEach((menu) => { menu.dataset.lmSuppressShortcuts = "true"; });
}

/** Colours of the page as it is now: light or dark. */
function lookOf(element, table) {
  const style = getComputedStyle(element);
  const [r, g, b] = style.color.match(/[\d.]+/g).map(Number);
  const dark = 0.3 * r + 0.6 * g + 0.1 * b > 128;
  const ink = style.color;
  return { ink, faint: `rgba(${r}, ${g}, ${b}, 0.15)`, font: style.fontFamily, colours: dark ? table.dark : table.light };
}

function render({ model, el }) {
  const root = make("div", "simkit-stage", el);
  const main = make("div", "simkit-main", root);
  const side = make("div", "simkit-side", root);
  const first = make("div", "", main);
  const control = make("div", "simkit-slider", main);
  const name = make("span", "", control);
  const value = make("output", "", control);
  const slider = make("input", "", control);
  slider.type = "range";
  slider.step = 1;
  slider.dataset.lmSuppressShortcuts = "true";  // the arrow keys are the slider's: in Notebook they are taken on the way down,
  const sentence = make("p", "simkit-sentence", main);
  const note = make("p", "simkit-note", main);
  const spoken = make("div", "simkit-spoken", root);
  spoken.setAttribute("aria-live", "polite");
  let position = model.get("position");
  let waiting = 0;
  let resting = 0;
  let frames = [];

  let peeking = false;

  /** The table; while the next one is on its way, one row of that, in as many pictures as have come. */
  function current() {
    const [table, peek] = [model.get("table"), model.get("peek")];
    if (!peeking || peek.panels.some((panel, i) => !table.panels[i] || panel.kind !== table.panels[i].kind)) return table;
    const panels = table.panels.map((panel, i) => peek.panels[i] || panel);
    return { ...table, panels, sentences: peek.sentences, notes: peek.notes };
  }

  const shown = () => current().panels.filter((panel) => panel.first || model.get("unfolded"));

  function build() {
    const wanted = shown();
    if (frames.length !== wanted.length || frames.some((frame, i) => frame.kind !== wanted[i].kind)) {
      first.replaceChildren();
      side.replaceChildren();
      side.hidden = wanted.every((panel) => panel.first);
      frames = wanted.map((panel) => {
        const figure = make("figure", `simkit-${panel.kind}`, panel.first ? first : side);
        const caption = make("figcaption", "", figure);
        const canvas = make("canvas", "", figure);
        canvas.setAttribute("role", "img");
        return { kind: panel.kind, figure, caption, canvas, legend: make("ul", "", figure) };
      });
    }
    const { slider: about } = model.get("table");
    slider.max = about.texts.length - 1;
    name.textContent = about.label;
    slider.setAttribute("aria-label", about.label);
    control.hidden = about.texts.length < 2;
    position = Math.min(position, about.texts.length - 1);  // where the hand is, which the kernel may not know yet
    slider.value = position;
    setTimeout(helpControls, 300);
    ask();
  }

  function draw() {
    waiting = 0;
    if (!root.clientWidth) return;  // not on the page yet: the size observer asks again
    const table = current();
    const row = Math.min(position, table.sentences.length - 1);
    const look = lookOf(root, table);
    shown().forEach((panel, i) => {
      const { figure, caption, canvas, legend } = frames[i];
      if (caption.textContent !== panel.title) caption.textContent = panel.title;
      DRAW[panel.kind](panel, canvas, figure.clientWidth, position, look);
      if (panel.legend) drawLegend(panel, legend, position, look);
      const said = panel.first ? `${panel.alt} ${table.sentences[row]}` : panel.alt;
      if (canvas.getAttribute("aria-label") !== said) canvas.setAttribute("aria-label", said);
    });
    value.textContent = table.slider.texts[position];
    slider.setAttribute("aria-valuetext", table.slider.texts[position]);
    sentence.textContent = table.sentences[row];
    note.textContent = table.notes[row];
    root.dataset.drawn = position;
  }

  const ask = () => { waiting ||= requestAnimationFrame(draw); };

  /** The kernel is told where the slider rests, not each step of a drag; screen readers likewise. */
  function rest() {
    clearTimeout(resting);
    const table = model.get("table");
    spoken.textContent = `${table.sentences[position]} ${table.notes[position]}`;
    if (model.get("position") === position) return;
    model.set("position", position);
    model.save_changes();
  }

  function moved() {
    position = Number(slider.value);
    ask();
    clearTimeout(resting);
    resting = setTimeout(rest, 250);
  }

  slider.addEventListener("keydown", (event) => {
    if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation();  // in JupyterLab on the way up
  });
  slider.addEventListener("input", moved);
  slider.addEventListener("change", rest);
  const told = () => {
    if (model.get("position") === position) return;
    position = model.get("position");
    slider.value = position;
    ask();
  };
  const whole = () => { peeking = false; build(); };
  const peeked = () => { peeking = true; ask(); };
  model.on("change:table", whole);
  model.on("change:peek", peeked);
  model.on("change:unfolded", build);
  model.on("change:position", told);
  const theme = new MutationObserver(ask);
  theme.observe(document.body, { attributes: true });
  const size = new ResizeObserver(ask);
  size.observe(root);
  build();
  return () => {
    model.off("change:table", whole);
    model.off("change:peek", peeked);
    model.off("change:unfolded", build);
    model.off("change:position", told);
    theme.disconnect();
    size.disconnect();
    cancelAnimationFrame(waiting);
    clearTimeout(resting);
  };
}

export default { render };
