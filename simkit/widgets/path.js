// How a decision came about: who spoke at which level, from the highest down, and the value after each; what decided is lit.
//
// panel = {slots: [{level, faint}], state, said, did, value: packed rows of indices, one for each slot, result: packed (rows, 1),
//   words: [strings] that the indices point into}.  A state is 0 silent, 1 had a part, 2 decides, 3 had no effect.

function drawPath(panel, canvas, width, position, look) {
  width = Math.min(width, 660);
  const narrow = width < 520;
  const LINE = narrow ? 54 : 42;  // where there is little room across, what a message does takes two lines
  const pen = surface(canvas, width, panel.slots.length * LINE + 40);
  const font = (style) => `${style} ${look.font}`;
  const [boxes, edge, chips] = narrow ? [78, width - 92, width - 45] : [92, width - 138, width - 70];
  const most = narrow ? 72 : 118;  // pixels of a value
  const [state, said, did, value] = ["state", "said", "did", "value"].map((name) => row(panel[name], position));
  const word = (index) => panel.words[index] || "";
  const middle = (i) => i * LINE + LINE / 2;
  pen.textBaseline = "middle";
  panel.slots.forEach(({ level }, i) => {
    if (i && panel.slots[i - 1].level === level) return;
    pen.strokeStyle = look.faint;
    pen.lineWidth = 1;
    if (i) line(pen, [[0, i * LINE], [width, i * LINE]]);
    pen.fillStyle = look.ink;
    pen.font = font("600 12px");
    pen.textAlign = "left";
    pen.fillText(level, 2, middle(i));
  });
  const decides = state.indexOf(2);
  const bottom = panel.slots.length * LINE + 20;
  const rail = (from, to, colour, thick) => {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    line(pen, [[chips, from], [chips, to]]);
  };
  rail(middle(0), bottom, look.faint, 2);
  if (decides >= 0) rail(middle(decides), bottom, look.colours[0], 3);
  panel.slots.forEach(({ faint }, i) => {
    const void_ = state[i] === 3;
    const colour = state[i] === 1 || state[i] === 2 ? look.colours[0] : look.faint;
    pen.setLineDash(state[i] === 0 || void_ ? [4, 4] : []);
    pen.lineWidth = state[i] === 2 ? 2.5 : 1.5;
    pen.strokeStyle = void_ ? look.ink : colour;
    pen.globalAlpha = void_ ? 0.6 : 1;
    pen.strokeRect(boxes, i * LINE + 4, edge - boxes, LINE - 8);
    pen.setLineDash([]);
    pen.textAlign = "left";
    pen.fillStyle = look.ink;
    pen.globalAlpha = state[i] === 0 ? 0.45 : void_ ? 0.75 : 1;
    const room = edge - boxes - 14;
    const below = (text, y, step) => {  // in two lines where there is room for them
      const lines = narrow ? wrapped(pen, text, room) : [text];
      const shown = lines.length > 1 ? [lines[0], lines.slice(1).join(" ")] : lines;
      shown.forEach((each, n) => pen.fillText(clipped(pen, each, room), boxes + 8, y + step * (n - (shown.length - 1) / 2)));
    };
    pen.font = font(`${state[i] === 2 ? "600 " : ""}13px`);
    if (state[i] === 0) below(faint, middle(i), 16);
    else {
      const text = fitted(pen, word(said[i]), room);
      const y = middle(i) - (narrow ? 13 : 7);
      pen.fillText(text, boxes + 8, y);
      if (void_) line(pen, [[boxes + 8, y], [boxes + 8 + pen.measureText(text).width, y]]);
      pen.font = font("11px");
      below(word(did[i]), middle(i) + 9, 14);
    }
    pen.globalAlpha = 1;
    if (state[i] !== 1 && state[i] !== 2) return;
    pen.strokeStyle = colour;
    pen.lineWidth = state[i] === 2 ? 3 : 1.5;
    line(pen, [[edge, middle(i)], [chips, middle(i)]]);
    chip(pen, chips, middle(i), word(value[i]), state[i] === 2, look, font("12px"), most);
  });
  chip(pen, chips, bottom, word(row(panel.result, position)[0]), true, look, font("600 14px"), most);
  pen.textAlign = "right";
  pen.fillStyle = look.ink;
  pen.font = font("600 13px");
  pen.fillText(clipped(pen, panel.about, edge - 40), edge, bottom);
}

/** A value in a rounded box; filled if it is what holds. */
function chip(pen, x, y, text, filled, look, font, most) {
  pen.font = font;
  const shown = clipped(pen, text, most);
  const half = pen.measureText(shown).width / 2 + 9;
  pen.beginPath();
  pen.roundRect(x - half, y - 11, 2 * half, 22, 11);
  pen.fillStyle = filled ? look.colours[0] : look.paper;
  pen.fill();
  pen.strokeStyle = look.colours[0];
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.fillStyle = filled ? look.paper : look.ink;
  pen.textAlign = "center";
  pen.fillText(shown, x, y);
}

DRAW.path = drawPath;

/** Lines of text: a numbered list, one packed row of indices into `words` for each position, −1 where there is none. */
DRAW.steps = (panel, canvas, width, position, look, list) => {
  canvas.hidden = true;
  const said = Array.from(row(panel.lines, position)).filter((index) => index >= 0).map((index) => panel.words[index]);
  if (list.textContent === said.join("")) return;
  list.replaceChildren();
  said.forEach((text) => make("li", "", list, text));
};
