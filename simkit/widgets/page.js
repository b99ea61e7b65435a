// In a page without a kernel: what the stage's model is there.  It follows below `stage.js` in one module.  The state lives in the
// address, as what was chosen (#declined=12&operator=icu-team), so that a link opens the page where it was.

/** Packed numbers are base64 in the page and views of bytes for the stage. */
const unpacked = (value) => {
  if (Array.isArray(value)) return value.map(unpacked);
  if (!value || typeof value !== "object") return value;
  if ("$bytes" in value) return new DataView(Uint8Array.from(atob(value.$bytes), (c) => c.charCodeAt(0)).buffer);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unpacked(each)]));
};

async function stateOf(node) {
  const bytes = Uint8Array.from(atob(node.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return unpacked(JSON.parse(await new Response(stream).text()));
}

/** Which of the values a text of the address means: the same text, or the nearest number; −1 if none. */
function nearest(values, text) {
  const same = values.indexOf(text);
  if (same >= 0 || text === null || text === "" || !values.every((value) => value !== "" && Number.isFinite(Number(value)))) return same;
  const wanted = Number(text);
  if (!Number.isFinite(wanted)) return -1;
  return values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);
}

/** The state as a model: choices = [{setting, values, code}], the slider's first, then one for each row of buttons. */
class PageModel {
  constructor(state) {
    Object.assign(this, { state, heard: {}, past: [], next: [] });
    this.opened = this.seen = this.chosen();
    this.read();
    this.seen = this.chosen();
  }

  get(name) { return this.state[name]; }
  set(name, value) {
    this.state[name] = value;
    this.tell(`change:${name}`);
  }
  on(event, call) { (this.heard[event] ||= new Set()).add(call); }
  off(event, call) { this.heard[event]?.delete(call); }
  tell(event, message) { [...(this.heard[event] || [])].forEach((call) => call(message)); }

  /** Where slider and buttons stand, and whether more is shown, as one text. */
  chosen() { return JSON.stringify([this.state.at, this.state.pressed, this.state.unfolded]); }
  go(chosen) {
    const [at, pressed, unfolded] = JSON.parse(chosen);
    Object.assign(this.state, { at, pressed, unfolded });
    this.seen = chosen;
    ["unfolded", "at", "pressed", "history"].forEach((name) => this.tell(`change:${name}`));
  }

  save_changes() {
    if (this.chosen() === this.seen) return;
    this.past = [...this.past.slice(-99), this.seen];
    [this.next, this.seen] = [[], this.chosen()];
    this.write();
    this.tell("change:history");
  }
  travel(from, to) {
    if (!from.length) return;
    to.push(this.seen);
    this.go(from.pop());
    this.write();
  }

  /** The address as a choice: what it does not name is as the page was saved, what makes no sense is passed over. */
  read() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const [at, pressed, unfolded] = JSON.parse(this.opened);
    const given = [at, ...pressed].map((place, i) => {
      const { setting, values } = this.state.choices[i];
      const found = asked.has(setting) ? nearest(values, asked.get(setting)) : -1;
      return found < 0 ? place : found;
    });
    const more = asked.has("more") ? asked.get("more") === "1" : unfolded;
    Object.assign(this.state, { at: given[0], pressed: given.slice(1), unfolded: more });
  }
  get hash() {
    const [at, pressed, unfolded] = JSON.parse(this.chosen());
    const words = this.state.choices.map(({ setting, values }, i) => [setting, values[[at, ...pressed][i]]]);
    const more = unfolded === JSON.parse(this.opened)[2] ? [] : [["more", unfolded ? "1" : "0"]];
    return `#${new URLSearchParams([...words.filter(([setting]) => setting), ...more])}`;
  }
  write() {
    try { history.replaceState(null, "", this.hash); } catch { /* a frame without an address of its own */ }
  }

  send({ ask }) {
    if (ask === "undo") this.travel(this.past, this.next);
    else if (ask === "redo") this.travel(this.next, this.past);
    else this.tell("msg:custom", { answers: ask, text: this[ask] });
  }
  get numbers() { return this.state.numbers; }
  get link() { return location.href.split("#")[0] + this.hash; }
  /** The line of Python that opens the instrument as it stands; what is as usual is left out. */
  get code() {
    const places = [this.state.at, ...this.state.pressed];
    const moved = Object.fromEntries(this.state.choices.map(({ setting, code }, i) => [setting, code[places[i]]]));
    moved.unfolded = this.state.unfolded ? "unfolded=True" : "";
    const words = this.state.line.words.map(([setting, word]) => moved[setting] ?? word);
    return `${this.state.line.opener}(${[this.state.line.source, ...words].filter(Boolean).join(", ")})`;
  }
}

/** Undo and redo; below a kernel's stage they are controls of the notebook. */
function historyOf(model, parent) {
  for (const [label, ask, stack] of [["Undo", "undo", "past"], ["Redo", "redo", "next"]]) {
    const button = make("button", "", null, label);
    button.type = "button";
    const show = () => { button.disabled = !model[stack].length; };
    button.addEventListener("click", () => model.send({ ask }));
    model.on("change:history", show);
    parent.insertBefore(button, parent.querySelector(".simkit-out"));
    show();
  }
}

const model = new PageModel(await stateOf(document.getElementById("state")));
const el = document.getElementById("stage");
render({ model, el });
historyOf(model, el.querySelector(".simkit-tools"));
el.querySelector(".simkit-main").append(...document.querySelectorAll("body > details"));
addEventListener("hashchange", () => {
  model.read();
  model.go(model.chosen());
});
if (parent !== window) {  // a page that shows this one in a frame may give it as much room as it needs
  new ResizeObserver(() => parent.postMessage({ simkit: "height", height: document.documentElement.offsetHeight }, "*")).observe(document.documentElement);
}
