// What a stage can draw on a canvas: dots, charts of lines, bands, points, names and bars.  `stage.js` follows below it in
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

/** The shapes of a dot.  Of each, the second has a point (or a hole) in the middle and the third a line (or a gap). */
const disc = (pen, x, y, r, from = 0, to = 2 * Math.PI) => { pen.beginPath(); pen.arc(x, y, r, from, to); pen.fill(); };
function ring(pen, x, y, r, width = Math.max(1.2, r / 4)) {
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(x, y, r - width / 2, 0, 2 * Math.PI);
  pen.stroke();
}
const across = (pen, x, y, r) => line(pen, [[x - r, y], [x + r, y]]);
const SHAPES = {
  full: disc,
  full2: (pen, x, y, r) => ring(pen, x, y, r, 0.62 * r),
  full3: (pen, x, y, r) => { disc(pen, x, y - 1, r, Math.PI, 2 * Math.PI); disc(pen, x, y + 1, r, 0, Math.PI); },
  half: (pen, x, y, r) => { ring(pen, x, y, r); disc(pen, x, y, r, Math.PI / 2, -Math.PI / 2); },
  half2: (pen, x, y, r) => { ring(pen, x, y, r); disc(pen, x, y, r, 0, Math.PI); },
  half3: (pen, x, y, r) => { ring(pen, x, y, r); disc(pen, x, y, r, -Math.PI / 2, Math.PI / 2); },
  open: ring,
  open2: (pen, x, y, r) => { ring(pen, x, y, r); disc(pen, x, y, 0.34 * r); },
  open3: (pen, x, y, r) => { ring(pen, x, y, r); across(pen, x, y, r); },
  square: (pen, x, y, r) => pen.fillRect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
};

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
  SHAPES[mark]?.(pen, x, y, r);
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
  if (panel.guess >= y.low && panel.guess <= y.high) {
    [pen.strokeStyle, pen.fillStyle, pen.lineWidth] = [look.colours[1], look.ink, 2];
    line(pen, [[x0, Y(panel.guess)], [x1, Y(panel.guess)]]);
    pen.textAlign = "left";
    pen.textBaseline = Y(panel.guess) < y1 + 16 ? "top" : "bottom";
    pen.fillText("your guess", x0 + 4, Y(panel.guess) + (pen.textBaseline === "top" ? 3 : -3));
  }
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
    const shade = mark.shade && row(mark.shade, position);
    x.forEach((v, i) => {
      if (!Number.isFinite(v) || !Number.isFinite(y[i])) return;
      pen.beginPath();
      pen.arc(X(v), Y(y[i]), mark.size || 5, 0, 2 * Math.PI);
      if (shade) {
        pen.fillStyle = `rgb(${toneOf(shade[i], look.dark).join(",")})`;
        [pen.strokeStyle, pen.lineWidth] = [look.ink, 0.6];
        pen.fill();
        pen.stroke();
        return;
      }
      pen.strokeStyle = pen.fillStyle = colourOf(mark.colours ? { colour: mark.colours[i] } : mark, look);
      pen.lineWidth = 2;
      if (mark.hollow) pen.stroke();
      else pen.fill();
    });
  },
  /** Straight lines between pairs of points. */
  links(pen, mark, position, X, Y, look) {
    const [x, y] = [row(mark.x, position), row(mark.y, position)];
    pen.strokeStyle = look.faint;
    pen.lineWidth = 1;
    for (let i = 1; i < x.length; i += 2) line(pen, [[X(x[i - 1]), Y(y[i - 1])], [X(x[i]), Y(y[i])]]);
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

const DRAW = { dots: drawDots, chart: drawChart };
