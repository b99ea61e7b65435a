// What a stage can draw on a canvas: dots, charts of lines, bands, points, names and bars, and mosaics.  `stage.js` follows below it in
// one module.  Numbers per position of the slider come as arrays of F rows: {data: DataView, type, columns}.

const TYPES = { int16: Int16Array, int32: Int32Array, float32: Float32Array };

/** Row `position` of packed numbers: the row that `at` points to, or one for `every` so many positions.  Fewer rows than
 *  positions are used again from the first on; so one row serves them all. */
function row(packed, position) {
  if (!packed.values) {
    const { buffer, byteOffset, byteLength } = packed.data;
    packed.values = new TYPES[packed.type](buffer.slice(byteOffset, byteOffset + byteLength));
  }
  const rows = packed.values.length / packed.columns;
  const place = packed.at ? row(packed.at, position)[0] : Math.floor(position / packed.every);
  const start = (place % rows) * packed.columns;
  return packed.values.subarray(start, start + packed.columns);
}

function make(tag, name, parent, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent?.appendChild(node);
  return node;
}

/** A canvas of this size in CSS pixels, cleared, ready to be drawn on. */
function surface(canvas, width, height) {
  const ratio = canvas.ratio || window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    [canvas.width, canvas.height] = [w, h];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// --- dots ------------------------------------------------------------------------------------------------------------

/** One dot: colour says who, shape says what was answered, a mark in it says what came of it. */
function dot(pen, x, y, r, mark, event, colour, ink, halo) {
  if (mark === "none") return;
  if (halo) {
    pen.strokeStyle = ink;
    pen.lineWidth = 1.2;
    pen.beginPath();
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.stroke();
    r *= 0.7;
  }
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = Math.max(1.2, r / 4);
  pen.beginPath();
  pen.arc(x, y, mark === "full" ? r : r - pen.lineWidth / 2, 0, 2 * Math.PI);
  if (mark === "full") pen.fill();
  else pen.stroke();
  if (mark === "half") {
    pen.beginPath();
    pen.arc(x, y, r, Math.PI / 2, -Math.PI / 2);
    pen.fill();
  }
  if (!event) return;
  pen.strokeStyle = pen.fillStyle = ink;
  pen.beginPath();
  if (event === 1) {
    pen.lineWidth = Math.max(2, r / 2.5);
    pen.moveTo(x - r, y - r); pen.lineTo(x + r, y + r);
    pen.moveTo(x - r, y + r); pen.lineTo(x + r, y - r);
    pen.stroke();
  } else {
    pen.moveTo(x, y - r); pen.lineTo(x + r, y + r * 0.8); pen.lineTo(x - r, y + r * 0.8);
    pen.fill();
  }
}

const COLUMNS = 40;

function drawDots(panel, canvas, width, position, look) {
  const columns = panel.columns || COLUMNS;
  const pitch = Math.floor(Math.min(width, 680) / columns * 4) / 4;
  const counts = row(panel.count, position);
  const total = counts.reduce((a, b) => a + b, 0);
  const rows = Math.ceil(total / columns);
  const pen = surface(canvas, pitch * columns, pitch * rows);
  let n = 0;
  counts.forEach((count, c) => {
    const { colour, mark, event, halo } = panel.cells[c];
    for (let i = 0; i < count; i++, n++) {
      const [x, y] = [(Math.floor(n / rows) + 0.5) * pitch, ((n % rows) + 0.5) * pitch];
      dot(pen, x, y, pitch * 0.38, mark, event, look.colours[colour], look.ink, halo);
    }
  });
}

/** A number of a legend. */
const counted = (value) => (value >= 10 ? value.toFixed(0) : number(value));

/** What colours and marks mean, each with its number. */
function drawLegend(panel, list, position, look) {
  const said = panel.said || row(panel.legendValues, position);
  if (list.childElementCount !== panel.legend.length) {
    list.replaceChildren();
    for (const entry of panel.legend) {
      const item = make("li", "", list);
      make("canvas", "", item);
      make("span", "", item, entry.label);
      make("b", "", item);
    }
  }
  panel.legend.forEach((entry, i) => {
    const [swatch, name, value] = list.children[i].children;
    if (name.textContent !== entry.label) name.textContent = entry.label;
    value.textContent = counted(said[i]);
    const key = `${entry.colour} ${entry.mark} ${entry.event} ${look.ink}`;
    if (swatch.dataset.key === key) return;
    swatch.dataset.key = key;
    const colour = entry.colour < 0 ? look.ink : look.colours[entry.colour];
    dot(surface(swatch, 16, 16), 8, 8, 5.5, entry.mark, entry.event, colour, look.ink, entry.halo);
  });
}

/** Three significant digits, as the library writes numbers. */
export function number(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (size >= 1000 && size < 1e6) text = value.toFixed(0);
  else if (size === 0 || (size >= 1e-4 && size < 1000)) text = String(Number(value.toPrecision(3)));
  else text = value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  return text.replace(/-/g, "−");
}

// --- charts ---

const FONT = "12px var(--jp-ui-font-family, system-ui, sans-serif)";
const EDGE = { left: 58, right: 20, top: 10, bottom: 42 };

function drawChart(panel, canvas, width, position, look) {
  width = Math.min(width, panel.wide || 520);
  const height = panel.height || 240;
  const pen = surface(canvas, width, height);
  pen.font = FONT.replace("var(--jp-ui-font-family, system-ui, sans-serif)", look.font);
  const left = panel.left || EDGE.left;
  const [x0, x1] = [left, width - EDGE.right];
  const [y0, y1] = [height - EDGE.bottom, EDGE.top];
  const x = panel.x;
  const y = panel.ys ? panel.ys[Math.floor(position / panel.every) % panel.ys.length] : panel.y;  // an axis for all positions, or one for `every` so many
  const X = (v) => x0 + ((v - x.low) / (x.high - x.low)) * (x1 - x0);
  const Y = (v) => y0 + ((v - y.low) / (y.high - y.low)) * (y1 - y0);
  pen.lineWidth = 1;
  pen.strokeStyle = look.faint;
  pen.fillStyle = look.ink;
  pen.textAlign = "center";
  pen.textBaseline = "top";
  let free = -Infinity;
  for (const [value, label] of x.ticks) {
    line(pen, [[X(value), y0], [X(value), y1]]);
    const half = pen.measureText(label).width / 2;
    if (X(value) - half < free) continue;
    pen.fillText(label, X(value), y0 + 5);
    free = X(value) + half + 6;
  }
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (const [value, label] of y.ticks) {
    if (!panel.categories) line(pen, [[x0, Y(value)], [x1, Y(value)]]);
    pen.fillText(clipped(pen, label, left - 8), x0 - 6, Y(value));
  }
  pen.textAlign = "center";
  pen.textBaseline = "bottom";
  const font = pen.font;
  const label = fitted(pen, x.label, width - 8);
  pen.fillText(label, Math.min((x0 + x1) / 2, width - pen.measureText(label).width / 2 - 4), height - 4);
  pen.font = font;
  if (y.label) {
    pen.save();
    pen.translate(13, (y0 + y1) / 2);
    pen.rotate(-Math.PI / 2);
    pen.textBaseline = "middle";
    pen.fillText(y.label, 0, 0);
    pen.restore();
  }
  for (const mark of panel.marks) MARKS[mark.kind](pen, mark, position, X, Y, look);
}

function line(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

function clipped(pen, text, room) {
  while (text.length > 2 && pen.measureText(text).width > room) text = `${text.slice(0, -2)}…`;
  return text;
}

/** A text that fits into the room: in smaller letters first, then cut. */
function fitted(pen, text, room) {
  const too = pen.measureText(text).width / room;
  if (too > 1) pen.font = pen.font.replace(/[\d.]+px/, (size) => `${Math.max(parseFloat(size) / too, 9.5)}px`);
  return clipped(pen, text, room);
}

const colourOf = (mark, look) => (mark.colour < 0 ? look.ink : look.colours[mark.colour]);

const MARKS = {
  line(pen, mark, position, X, Y, look) {
    const [x, y] = [row(mark.x, position), row(mark.y, position)];
    pen.strokeStyle = colourOf(mark, look);
    pen.lineWidth = mark.width || 1.5;
    pen.setLineDash(mark.dash || []);
    line(pen, Array.from(x, (v, i) => [X(v), Y(y[i])]));
    pen.setLineDash([]);
  },
  band(pen, mark, position, X, Y, look) {
    const [x, low, high] = [row(mark.x, position), row(mark.low, position), row(mark.high, position)];
    pen.fillStyle = colourOf(mark, look);
    pen.globalAlpha = 0.2;
    pen.beginPath();
    x.forEach((v, i) => pen.lineTo(X(v), Y(high[i])));
    for (let i = x.length - 1; i >= 0; i--) pen.lineTo(X(x[i]), Y(low[i]));
    pen.fill();
    pen.globalAlpha = 1;
  },
  /** A band beside a curve that may be steep: down one side, up the other. */
  ribbon(pen, mark, position, X, Y, look) {
    const [low, high, y] = [row(mark.low, position), row(mark.high, position), row(mark.y, position)];
    pen.fillStyle = colourOf(mark, look);
    pen.globalAlpha = 0.2;
    pen.beginPath();
    y.forEach((v, i) => pen.lineTo(X(low[i]), Y(v)));
    for (let i = y.length - 1; i >= 0; i--) pen.lineTo(X(high[i]), Y(y[i]));
    pen.fill();
    pen.globalAlpha = 1;
  },
  points(pen, mark, position, X, Y, look) {
    const [x, y] = [row(mark.x, position), row(mark.y, position)];
    x.forEach((v, i) => {
      if (!Number.isFinite(v) || !Number.isFinite(y[i])) return;
      pen.beginPath();
      pen.arc(X(v), Y(y[i]), mark.size || 5, 0, 2 * Math.PI);
      pen.strokeStyle = pen.fillStyle = colourOf(mark.colours ? { colour: mark.colours[i] } : mark, look);
      pen.lineWidth = 2;
      if (mark.hollow) pen.stroke();
      else pen.fill();
    });
  },
  /** Names beside points, each moved down until it covers no other name and no point. */
  names(pen, mark, position, X, Y, look) {
    const [x, y] = [row(mark.x, position), row(mark.y, position)];
    const edge = parseFloat(pen.canvas.style.width) - 4;  // also of a canvas that is on no page
    const taken = Array.from(x, (v, i) => [X(v) - 6, X(v) + 6, Y(y[i])]);
    pen.fillStyle = look.ink;
    pen.textBaseline = "middle";
    mark.texts.map((text, i) => [text, X(x[i]), Y(y[i])]).sort((a, b) => a[2] - b[2]).forEach(([text, px, py]) => {
      const wide = pen.measureText(text).width;
      const onLeft = px + 9 + wide > edge;
      pen.textAlign = onLeft ? "right" : "left";
      const start = onLeft ? px - 9 - wide : px + 9;
      while (taken.some(([a, b, c]) => Math.abs(c - py) < 13 && start < b && a < start + wide)) py += 3;
      taken.push([start, start + wide, py]);
      pen.fillText(text, onLeft ? px - 9 : px + 9, py);
    });
  },
  /** Horizontal bars: one for each row of y, from `from` to `to`. */
  bars(pen, mark, position, X, Y, look) {
    const [from, to, y] = [row(mark.from, position), row(mark.to, position), row(mark.y, position)];
    const thick = mark.thick || 14;
    y.forEach((v, i) => {
      const colour = mark.colours ? mark.colours[i] : mark.colour;
      pen.fillStyle = pen.strokeStyle = colour < 0 ? look.ink : look.colours[colour];
      const [a, b] = [X(from[i]), X(to[i])].sort((p, q) => p - q);
      pen.lineWidth = 1.5;
      if (!(b - a > 0.2)) return;
      if (mark.hollow) pen.strokeRect(a + 0.75, Y(v) - 6, Math.max(b - a - 1.5, 0.5), 12);
      else pen.fillRect(a, Y(v) - thick / 2, b - a, thick);
    });
  },
};

// --- mosaic ---

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

/** A text in lines that fit. */
function wrapped(pen, text, room) {
  const lines = [];
  for (const word of text.split(" ").filter(Boolean)) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && pen.measureText(longer).width <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
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

const DRAW = { dots: drawDots, chart: drawChart, mosaic: drawMosaic, strip: drawStrip };
