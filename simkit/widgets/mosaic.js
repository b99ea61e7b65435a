// Mosaics, and the strip under a slider.  Stands on `marks.js`.

const POLES = { good: [43, 108, 196], bad: [200, 32, 42], light: [244, 243, 240], dark: [44, 44, 46] };
const GAP = 3;

/** The colour of a value from −1 (bad) over 0 (neutral) to 1 (good), as red, green and blue. */
function toneOf(value, dark) {
  const neutral = dark ? POLES.dark : POLES.light;
  const v = Math.max(-1, Math.min(1, value));
  const [pole, strength] = v < 0 ? [POLES.bad, 0.25 + 0.75 * Math.sqrt(-v)] : [POLES.good, 0.12 + 0.6 * v];
  return neutral.map((channel, i) => Math.round(channel + (pole[i] - channel) * strength));
}

/** Where parts of given sizes begin and how long they are, in a length with gaps between them. */
function divided(parts, start, length, gap = GAP) {
  const whole = parts.reduce((sum, [, , size]) => sum + size, 0) || 1;
  const free = length - gap * (parts.length - 1);
  let at = start;
  return parts.map(([, , size]) => {
    const place = [at, (free * size) / whole];
    at += place[1] + gap;
    return place;
  });
}

/** A rectangle in rows and columns: panel.rows and panel.columns are [name, probability, size]. */
function drawMosaic(panel, canvas, width, position, look) {
  width = Math.min(width, panel.wide || 660);
  const pen = canvas.getContext("2d");
  const font = (weight, size) => `${weight} ${size}px ${look.font}`;
  const shares = (part) => `${Number((100 * part[1]).toPrecision(2))}%`;
  const [side, over] = panel.sides || ["", ""];
  pen.font = font(600, 11.5);
  const wide = (part) => Math.max(pen.measureText(part[0]).width, pen.measureText(shares(part)).width);
  const left = Math.min(Math.max(...panel.rows.map(wide), pen.measureText(side).width) + 10, width * 0.3);
  const across = divided(panel.columns, left, width - left);
  const upright = panel.columns.some((part, i) => wide(part) > across[i][1] + 2);
  const labels = upright ? Math.min(Math.max(...panel.columns.map((part) => pen.measureText(`${part[0]} ${shares(part)}`).width)) + 8, 120) : 36;
  const top = labels + (over ? 17 : 0);
  pen.font = font(400, 12);
  const key = wrapped(pen, panel.key || "", width - 4);
  surface(canvas, width, top + panel.height + 16 * key.length + (key.length ? 4 : 0));
  const down = divided(panel.rows, top, panel.height);
  pen.fillStyle = look.ink;
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  pen.font = font(400, 12);
  key.forEach((text, i) => pen.fillText(text, 0, top + panel.height + 16 * (i + 1)));
  pen.font = font("italic 400", 12);
  if (over) pen.fillText(clipped(pen, over, width - left), left, 12);
  pen.textAlign = "right";
  if (side) pen.fillText(clipped(pen, side, left - 6), left - 6, top - 5);
  panel.rows.forEach((part, r) => {
    const middle = down[r][0] + down[r][1] / 2;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    const two = down[r][1] >= 24;
    pen.font = font(600, 11.5);
    pen.fillText(clipped(pen, two ? part[0] : `${part[0]} ${shares(part)}`, left - 8), left - 6, middle - (two ? 6 : 0));
    pen.font = font(400, 11.5);
    if (two) pen.fillText(shares(part), left - 6, middle + 7);
  });
  panel.columns.forEach((part, c) => {
    const middle = across[c][0] + across[c][1] / 2;
    pen.font = font(600, 11.5);
    if (upright) {
      pen.save();
      pen.translate(middle, top - 4);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      pen.fillText(clipped(pen, `${part[0]} ${shares(part)}`, labels - 6), 0, 0);
      pen.restore();
      return;
    }
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    pen.fillText(part[0], middle, top - 20);
    pen.font = font(400, 12);
    pen.fillText(shares(part), middle, top - 5);
  });
  drawCells(panel, pen, across, down, position, look);
}

/** A mosaic without words, as large as it is told: what an end of the slider looks like. */
function drawThumbnail(panel, canvas, width, height, position, look) {
  const pen = surface(canvas, width, height);
  drawCells({ ...panel, numbers: null }, pen, divided(panel.columns, 0, width, 1), divided(panel.rows, 0, height, 1), position, look);
}

function drawCells(panel, pen, across, down, position, look) {
  const colour = row(panel.colour, position);
  const [numbers, flagged, faint] = ["numbers", "flagged", "faint"].map((name) => panel[name] && row(panel[name], position));
  panel.rows.forEach((_, r) => panel.columns.forEach((__, c) => {
    const i = r * panel.columns.length + c;
    const [x, y, w, h] = [across[c][0], down[r][0], across[c][1], down[r][1]];
    const tone = toneOf(colour[i], look.dark);
    const onDark = 0.3 * tone[0] + 0.6 * tone[1] + 0.1 * tone[2] < 140;
    pen.globalAlpha = faint && faint[i] ? 0.2 : 1;
    pen.fillStyle = `rgb(${tone.join(",")})`;
    pen.fillRect(x, y, w, h);
    if (flagged && flagged[i]) hatch(pen, x, y, w, h, onDark ? "rgba(255,255,255,0.4)" : "rgba(0,0,0,0.3)");
    if (!numbers || Number.isNaN(numbers[i])) return;
    const text = Math.abs(numbers[i]) >= 10 ? numbers[i].toFixed(0).replace("-", "−") : number(numbers[i]);
    const sizes = [14, 13, 12, 11].filter((size) => h >= (size > 12 ? 24 : 13));
    const size = sizes.find((each) => { pen.font = `600 ${each}px ${look.font}`; return pen.measureText(text).width + 6 <= w; });
    if (!size) return;
    const room = pen.measureText(text).width + 6;
    if (flagged && flagged[i]) {  // hatching stops around the number
      pen.fillStyle = `rgb(${tone.join(",")})`;
      pen.fillRect(x + (w - room) / 2, y + h / 2 - 9, room, Math.min(18, h));
    }
    pen.fillStyle = onDark ? "#fff" : "#111";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, x + w / 2, y + h / 2 + 1);
  }));
  pen.globalAlpha = 1;
}

/** Slanted lines over a cell. */
function hatch(pen, x, y, w, h, colour) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, w, h);
  pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  for (let at = x - h; at < x + w; at += 7) line(pen, [[at, y + h], [at + h, y]]);
  pen.restore();
}

// --- strip ---

const THUMB = 8;  // half of the slider's thumb: its middle travels from here to as far before the end

/** Amounts that add up, under the slider and along its travel, with a line where it stands and a bar where it is best. */
function drawStrip(panel, canvas, width, position, look) {
  const [height, parts] = [panel.height || 40, panel.legend.length];
  const pen = surface(canvas, width, height + 17);
  const amounts = row(panel.amounts, position);
  const count = amounts.length / parts;
  panel.said = panel.legend.map((_, part) => amounts[part * count + (position % count)]);
  const X = (i) => THUMB + (i / (count - 1)) * (width - 2 * THUMB);
  const edge = (i) => X(Math.max(0, Math.min(count - 1, i)));
  const base = new Float64Array(count);
  panel.legend.forEach(({ colour }, part) => {
    pen.fillStyle = look.colours[colour];
    pen.beginPath();
    const side = (i) => height * (1 - base[i] / (panel.top || 1));
    for (let i = 0; i < count; i++) { pen.lineTo(edge(i - 0.5), side(i)); pen.lineTo(edge(i + 0.5), side(i)); }
    for (let i = 0; i < count; i++) base[i] += amounts[part * count + i];
    for (let i = count - 1; i >= 0; i--) { pen.lineTo(edge(i + 0.5), side(i)); pen.lineTo(edge(i - 0.5), side(i)); }
    pen.fill();
  });
  pen.fillStyle = pen.strokeStyle = look.ink;
  pen.lineWidth = 2;
  line(pen, [[X(position % count), 0], [X(position % count), height]]);
  const [low, high] = row(panel.best, position);
  pen.lineWidth = 1;
  line(pen, [[X(0), height + 0.5], [X(count - 1), height + 0.5]]);
  if (low < 0) return;
  pen.fillRect(edge(low - 0.5), height, Math.max(edge(high + 0.5) - edge(low - 0.5), 3), 4);
  pen.font = `600 12px ${look.font}`;
  const half = pen.measureText("best").width / 2;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  pen.fillText("best", Math.max(half, Math.min((X(low) + X(high)) / 2, width - half)), height + 5);
}

Object.assign(DRAW, { mosaic: drawMosaic, strip: drawStrip });
