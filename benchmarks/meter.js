// Reads, in every animation frame, which position of the slider the picture on the page shows, from its pixels.
//
// `asks` are positions that the slider took, with the time stamp of the key or pointer event that moved it.  `frames` are
// pictures that differ from the one before: what they show, `seen`, when they could be read, which is the end of the frame,
// after every animation callback and its layout and before it is painted (a ResizeObserver runs there), and `painted`, when
// the next frame began.

(({ kind, positions }) => {
  const small = new OffscreenCanvas(512, 512);
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingEnabled = false;
  const find = (where) => [...document.querySelectorAll(where)].filter((node) => node.clientWidth);

  /** Pixels of `source`, or of its corner of this size, shrunk to width x height. */
  function pixels(source, width, height, corner) {
    pen.clearRect(0, 0, width, height);
    const [w, h] = corner || [source.naturalWidth || source.width, source.naturalHeight || source.height];
    pen.drawImage(source, 0, 0, w, h, 0, 0, width, height);
    return pen.getImageData(0, 0, width, height).data;
  }

  /** Twelve black or white squares in the corner of a matplotlib figure: 0, 1, and ten bits. */
  function barcode(source) {
    const data = pixels(source, 12, 1, [96, 8]);
    const bits = Array.from({ length: 12 }, (_, i) => (data[4 * i] > 128 ? 1 : 0));
    return bits[0] === 0 && bits[1] === 1 && data[3] === 255 ? parseInt(bits.slice(2).join(""), 2) : null;
  }

  const READ = {
    /** The centre of each of 1000 dots: how many are of each sender's colour, empty, or marked. */
    simkit() {
      const data = pixels(find(".simkit-dots > canvas")[0], 40, 25);
      const counts = {};
      for (let i = 0; i < data.length; i += 4) {
        const colour = data[i + 3] ? "#" + [0, 1, 2].map((k) => data[i + k].toString(16).padStart(2, "0")).join("") : "empty";
        const name = colour in positions.colours ? colour : "marked";
        counts[name] = (counts[name] || 0) + 1;
      }
      const key = Object.keys(positions.colours).map((name) => counts[name] || 0).join(" ");
      return positions.shown[key] ?? null;
    },
    interact() {
      const image = find(".jp-OutputArea img").at(-1);
      return image?.complete && image.naturalWidth ? barcode(image) : null;
    },
    ipympl: () => find(".jupyter-matplotlib canvas").map(barcode).find((at) => at !== null) ?? null,
    plotly: () => parseInt(find(".js-plotly-plot")[0].querySelector(".gtitle").textContent.match(/\d+/)[0], 10),
    /** All pictures of the stage, as one number; a quarter of their rows and columns is looked at. */
    stage() {
      let hash = 7;
      for (const canvas of find(".simkit-stage figure > canvas")) {
        const data = pixels(canvas, Math.min(canvas.width >> 2, 512), Math.min(canvas.height >> 2, 512));
        for (const word of new Uint32Array(data.buffer)) hash = (Math.imul(hash, 31) + word) | 0;
      }
      return hash;
    },
  };

  const slider = find(kind === "simkit" ? ".simkit-slider input" : ".noUi-handle")[0];
  const wanted = () => {
    const at = Math.round(Number(kind === "simkit" ? slider.value : slider.getAttribute("aria-valuetext")));
    return positions ? positions.same[at] : at;
  };
  const meter = { asks: [], frames: [], reads: [], disagreed: 0, wanted, shown: () => READ[kind]() };
  window.meter = meter;
  let [last, asked, event] = [READ[kind](), kind === "stage" ? 0 : wanted(), { timeStamp: performance.now() }];
  for (const name of ["keydown", "pointermove"]) window.addEventListener(name, (e) => { event = e; }, true);

  function look() {
    const start = performance.now();
    const shown = READ[kind]();
    meter.reads.push(performance.now() - start);
    if (shown === null || shown === last) return;
    last = shown;
    meter.frames.push({ shown, seen: start });
    const said = document.querySelector(".simkit-stage")?.dataset.drawn;
    if (kind === "simkit" && positions.same[said] !== shown) meter.disagreed++;
  }

  const probe = document.createElement("div");
  probe.style.cssText = "position: fixed; height: 1px; contain: strict; visibility: hidden";
  document.body.appendChild(probe);
  new ResizeObserver(look).observe(probe);
  let frame = 0;
  requestAnimationFrame(function begin() {
    const now = performance.now();
    const before = meter.frames.at(-1);
    if (before) before.painted ??= now;
    const at = kind === "stage" ? event.timeStamp : wanted();
    if (at !== asked) meter.asks.push({ wanted: (asked = at), time: event.timeStamp });
    probe.style.width = `${1 + (frame++ % 2)}px`;
    requestAnimationFrame(begin);
  });

  /** Latency of the newest key press, when what it asked for is painted; null if that takes longer than `patience` ms. */
  meter.answer = (asksBefore, patience = 3000) => new Promise((done) => {
    const start = performance.now();
    requestAnimationFrame(function check() {
      const ask = meter.asks.length > asksBefore && meter.asks.at(-1);
      const fits = (f) => f.painted && f.seen > ask.time && (kind === "stage" || f.shown === ask.wanted);
      const found = ask && meter.frames.findLast(fits);
      if (found) done([found.seen - ask.time, found.painted - ask.time]);
      else if (performance.now() - start > patience) done(null);
      else requestAnimationFrame(check);
    });
  });

  /** Does the picture show where the slider stands, at the latest after `patience` ms? */
  meter.arrives = (patience = 3000) => new Promise((done) => {
    const start = performance.now();
    requestAnimationFrame(function check() {
      if (READ[kind]() === wanted()) done(true);
      else if (performance.now() - start > patience) done(false);
      else requestAnimationFrame(check);
    });
  });

  /** What was shown between two moments: latency of each new picture after the newest event that asked for it. */
  meter.drag = (from, to) => {
    const frames = meter.frames.filter((f) => f.seen > from && f.seen <= to);
    const lag = frames.map((f) => [f.painted, meter.asks.findLast((a) => a.wanted === f.shown && a.time < f.seen)?.time]);
    return { count: frames.length, latency: lag.filter(([p, t]) => p && t).map(([p, t]) => p - t) };
  };
})
