// Out of the stage: what is seen as one picture (PNG, SVG), its numbers, the line of code, a link or a page.  Both pictures are
// drawn by the functions that draw the stage: once on canvases, once with a pen that writes SVG.

const plainText = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const rounded = (value) => Math.round(value * 100) / 100;

/** A colour as SVG programs read it: the colour, and how much of it. */
function tinted(kind, colour, alpha) {
  const parts = /^rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[, /]+([\d.]+))?\)$/.exec(colour);
  const plain = parts ? `rgb(${parts[1]},${parts[2]},${parts[3]})` : plainText(colour);
  const much = alpha * (parts && parts[4] !== undefined ? Number(parts[4]) : 1);
  return `${kind}="${plain}"${much < 1 ? ` ${kind}-opacity="${rounded(much)}"` : ""}`;
}

/** What a canvas's pen does, written down as SVG: as much of it as the stage's pictures use. */
class VectorPen {
  constructor(canvas) {
    Object.assign(this, { canvas, marks: [], kept: [], path: "", transform: "", clipped: "", dash: [] });
    Object.assign(this, { fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1 });
    Object.assign(this, { font: "10px sans-serif", textAlign: "left", textBaseline: "alphabetic" });
    this.ruler = document.createElement("canvas").getContext("2d");
  }

  setTransform() { this.transform = ""; }
  clearRect() { this.marks = []; }
  setLineDash(dash) { this.dash = dash; }
  measureText(text) { this.ruler.font = this.font; return this.ruler.measureText(text); }

  save() {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, transform, clipped, dash } = this;
    this.kept.push({ fillStyle, strokeStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, transform, clipped, dash });
  }
  restore() { Object.assign(this, this.kept.pop()); }
  translate(x, y) { this.transform += ` translate(${rounded(x)} ${rounded(y)})`; }
  rotate(angle) { this.transform += ` rotate(${rounded((angle * 180) / Math.PI)})`; }

  beginPath() { this.path = ""; }
  closePath() { this.path += "Z"; }
  moveTo(x, y) { this.path += `M${rounded(x)} ${rounded(y)}`; }
  lineTo(x, y) { this.path += `${this.path ? "L" : "M"}${rounded(x)} ${rounded(y)}`; }
  quadraticCurveTo(a, b, x, y) { this.path += `Q${[a, b, x, y].map(rounded).join(" ")}`; }
  bezierCurveTo(a, b, c, d, x, y) { this.path += `C${[a, b, c, d, x, y].map(rounded).join(" ")}`; }
  rect(x, y, w, h) { this.path += `M${rounded(x)} ${rounded(y)}h${rounded(w)}v${rounded(h)}h${rounded(-w)}Z`; }
  roundRect(x, y, w, h, given) {
    const r = Math.max(0, Math.min(Array.isArray(given) ? given[0] : given, w / 2, h / 2));
    const corner = (dx, dy) => `a${rounded(r)} ${rounded(r)} 0 0 1 ${rounded(dx)} ${rounded(dy)}`;
    this.path += `M${rounded(x + r)} ${rounded(y)}h${rounded(w - 2 * r)}${corner(r, r)}v${rounded(h - 2 * r)}${corner(-r, r)}`;
    this.path += `h${rounded(2 * r - w)}${corner(-r, -r)}v${rounded(2 * r - h)}${corner(r, -r)}Z`;
  }
  /** Clockwise, in two halves, since SVG cannot write a whole circle as one arc. */
  arc(x, y, r, start, end) {
    const turn = end - start >= 2 * Math.PI ? 2 * Math.PI : (((end - start) % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI);
    const place = (angle) => `${rounded(x + r * Math.cos(angle))} ${rounded(y + r * Math.sin(angle))}`;
    this.path += `${this.path ? "L" : "M"}${place(start)}`;
    for (const part of [0.5, 1]) this.path += `A${rounded(r)} ${rounded(r)} 0 0 1 ${place(start + turn * part)}`;
  }

  put(mark, attributes, inside) {
    const where = this.transform ? ` transform="${this.transform.trim()}"` : "";
    const text = inside === undefined ? `<${mark}${where} ${attributes}/>` : `<${mark}${where} ${attributes}>${inside}</${mark}>`;
    this.marks.push(this.clipped ? `<g clip-path="url(#${this.clipped})">${text}</g>` : text);
  }
  outline() {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    return `fill="none" ${tinted("stroke", this.strokeStyle, this.globalAlpha)} stroke-width="${rounded(this.lineWidth)}"${dash}`;
  }
  fill() { this.put("path", `d="${this.path}" ${tinted("fill", this.fillStyle, this.globalAlpha)}`); }
  stroke() { this.put("path", `d="${this.path}" ${this.outline()}`); }
  clip() {
    this.clipped = `clip-${Math.random().toString(36).slice(2)}`;
    this.marks.push(`<clipPath id="${this.clipped}"><path d="${this.path}"/></clipPath>`);
  }
  fillRect(...box) { this.aside(() => { this.rect(...box); this.fill(); }); }
  strokeRect(...box) { this.aside(() => { this.rect(...box); this.stroke(); }); }
  aside(draw) {
    const path = this.path;
    this.path = "";
    draw();
    this.path = path;
  }
  fillText(text, x, y) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign] || "start";
    const down = { top: "0.8em", middle: "0.35em", bottom: "-0.2em" }[this.textBaseline] || "0";
    const [, weight, size, family] = /^(?:(\w+) )?([\d.]+)px (.*)$/.exec(this.font) || ["", "", 12, "sans-serif"];
    const face = `font-family="${plainText(family.replace(/"/g, "'"))}" font-size="${rounded(size)}"`;
    const style = `${face} font-weight="${weight || "normal"}" text-anchor="${anchor}" dy="${down}"`;
    const colour = tinted("fill", this.fillStyle, this.globalAlpha);
    this.put("text", `x="${rounded(x)}" y="${rounded(y)}" ${style} ${colour}`, plainText(text));
  }
}

const SHEETS = {
  png: {
    make: () => Object.assign(document.createElement("canvas"), { ratio: 2 }),
    lay: (pen, sheet, x, y) => pen.drawImage(sheet, x, y, parseFloat(sheet.style.width), parseFloat(sheet.style.height)),
    done: (sheet) => new Promise((resolve) => { sheet.toBlob(resolve, "image/png"); }),
  },
  svg: {
    make() {
      const sheet = { style: {}, width: 0, height: 0 };
      const pen = new VectorPen(sheet);
      return Object.assign(sheet, { getContext: () => pen });
    },
    lay: (pen, sheet, x, y) => pen.marks.push(`<g transform="translate(${x} ${y})">${sheet.getContext().marks.join("")}</g>`),
    async done(sheet, alt) {
      const [w, h] = [parseFloat(sheet.style.width), parseFloat(sheet.style.height)];
      const size = `width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"`;
      const head = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img"><title>${plainText(alt)}</title>`;
      return new Blob([head, ...sheet.getContext().marks, "</svg>"], { type: "image/svg+xml" });
    },
  },
};

/** Words in lines that are no wider than `room`. */
function wrapped(pen, text, room) {
  const lines = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
    if (lines.length && pen.measureText(longer).width <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

const SHEET = { width: 680, edge: 16 };

/** What is seen as one picture of a kind ("png" or "svg"): panels with their legends, what was chosen, what is said about it. */
async function pictured(kind, { panels, position, look, chosen, said, note }) {
  const { make: sheetOf, lay, done } = SHEETS[kind];
  const room = SHEET.width - 2 * SHEET.edge;
  const later = [];
  const ruler = document.createElement("canvas").getContext("2d");
  let y = SHEET.edge;
  const write = (text, font, indent = 0) => {
    ruler.font = `${font} ${look.font}`;
    for (const words of wrapped(ruler, text, room - indent)) {
      const top = y;
      later.push((pen) => Object.assign(pen, { font: `${font} ${look.font}`, fillStyle: look.ink }).fillText(words, SHEET.edge + indent, top));
      y += 19;
    }
  };
  const place = (sheet) => {
    const top = y;
    later.push((pen) => lay(pen, sheet, SHEET.edge, top));
    y += parseFloat(sheet.style.height) + 10;
  };
  for (const panel of panels) {
    write(panel.title, "600 14px");
    y += 4;
    if (panel.kind === "steps") {
      Array.from(row(panel.lines, position)).filter((i) => i >= 0).forEach((i, n) => write(`${n + 1}. ${panel.words[i]}`, "13px", 8));
      y += 8;
      continue;
    }
    const sheet = sheetOf();
    DRAW[panel.kind](panel, sheet, room, position, look, null);
    place(sheet);
    if (panel.legend) place(legendSheet(panel, sheetOf(), room, position, look));
  }
  chosen.forEach((line) => write(line, "13px"));
  y += 4;
  write(said, "600 14px");
  write(note, "13px");
  const whole = sheetOf();
  const pen = surface(whole, SHEET.width, y + SHEET.edge);
  pen.fillStyle = look.paper;
  pen.fillRect(0, 0, SHEET.width, y + SHEET.edge);
  Object.assign(pen, { textAlign: "left", textBaseline: "top" });
  later.forEach((draw) => draw(pen));
  return done(whole, said);
}

function legendSheet(panel, sheet, width, position, look) {
  const values = panel.said || row(panel.legendValues, position);
  const ruler = document.createElement("canvas").getContext("2d");
  const font = `13px ${look.font}`;
  ruler.font = font;
  const entries = panel.legend.map((entry, i) => [entry, `${entry.label} ${counted(values[i])}`]);
  let [x, y] = [0, 10];
  const placed = entries.map(([entry, text]) => {
    const wide = ruler.measureText(text).width + 40;
    if (x && x + wide > width) [x, y] = [0, y + 22];
    const at = [x, y];
    x += wide;
    return [entry, text, ...at];
  });
  const pen = surface(sheet, width, y + 12);
  for (const [entry, text, left, middle] of placed) {
    dot(pen, left + 8, middle, 5.5, entry.mark, entry.event, entry.colour < 0 ? look.ink : look.colours[entry.colour], look.ink, entry.halo);
    Object.assign(pen, { font, fillStyle: look.ink, textAlign: "left", textBaseline: "middle" });
    pen.fillText(text, left + 20, middle);
  }
  return sheet;
}

/** Hand a file to whoever looks at the page. */
function handOver(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Buttons that take what is seen out.  `model.get("offers")` names what kernel or page answers: numbers, code, link, page. */
function outOf(model, parent, scene) {
  const box = make("div", "simkit-out", parent);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Save or copy");
  const says = document.createElement("output");
  const waiting = {};
  const answered = (message) => waiting[message.answers]?.(message.text);
  model.on("msg:custom", answered);
  const ask = (what) => new Promise((resolve) => {
    waiting[what] = resolve;
    model.send({ ask: what });
  });
  const name = (ending) => `${model.get("name") || "instrument"}.${ending}`;
  const file = (type) => (text) => new Blob([text], { type });
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      says.textContent = "Copied.";
    } catch {  // the browser or the frame does not allow it: to be copied by hand
      says.textContent = "";
      const field = make("input", "", says);
      Object.assign(field, { value: text, readOnly: true, ariaLabel: "to copy" });
      field.select();
    }
  }
  const does = [
    ["", "PNG", "Save this picture as PNG", async () => handOver(name("png"), await pictured("png", scene()))],
    ["", "SVG", "Save this picture as SVG", async () => handOver(name("svg"), await pictured("svg", scene()))],
    ["numbers", "CSV", "Save the numbers as CSV", async () => handOver(name("csv"), file("text/csv")(await ask("numbers")))],
    ["page", "HTML", "Save as a page that needs no kernel", async () => handOver(name("html"), file("text/html")(await ask("page")))],
    ["code", "Copy code", "Copy the line of Python that opens this", async () => copy(await ask("code"))],
    ["link", "Copy link", "Copy a link that opens the page as it stands", async () => copy(await ask("link"))],
  ];
  for (const [needs, label, tip, act] of does) {
    if (needs && !(model.get("offers") || []).includes(needs)) continue;
    const button = make("button", "", box, label);
    Object.assign(button, { type: "button", title: tip });
    button.addEventListener("click", () => {
      scene();  // also lets kernel or page know where slider and buttons are
      says.textContent = "";
      act();
    });
  }
  box.appendChild(says);
  return () => model.off("msg:custom", answered);
}
