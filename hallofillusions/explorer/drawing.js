
/* Pictures: theory is a line, simulation is points with bars, everything else is thin and grey. */

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

/* A number in few letters. */
function short(v, digits = 3) {
  if (v === Infinity) return "∞";
  if (!Number.isFinite(v)) return "–";
  const size = Math.abs(v);
  if (v !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [head, power] = v.toExponential(digits - 1).split("e");
    const raised = [...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
    return `${head.replace("-", "−")}·10${raised.join("")}`;
  }
  return String(Number(v.toPrecision(digits))).replace("-", "−");
}

/* Round places between two numbers. */
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

function log_ticks(low, high) {
  if (high / low < 150) {
    return [1, 2, 5].flatMap((m) => [-2, -1, 0, 1, 2].map((k) => m * 10 ** (Math.floor(Math.log10(low)) + k)))
      .filter((v) => v >= low * 0.999 && v <= high * 1.001);
  }
  const [a, b] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((b - a + 1) / 6));
  return Array.from({ length: Math.max(b - a + 1, 0) }, (_, k) => a + k)
    .filter((k) => k % every === 0).map((k) => 10 ** k);
}

const MARGIN = { left: 52, right: 14, top: 12, bottom: 34 };

/* One chart over generations. `content`: lines, bands and points, each over g. */
class Chart {
  constructor(svg, last, { height = 220, floor = 1e-12 } = {}) {
    this.svg = svg;
    this.last = Math.max(last, 1);
    this.floor = floor;
    this.width = Math.max(svg.parentElement.clientWidth, 240);
    this.height = height;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    svg.setAttribute("height", height);
  }

  x(g) {
    return MARGIN.left + (g / this.last) * (this.width - MARGIN.left - MARGIN.right);
  }

  y(v) {
    const inner = this.height - MARGIN.top - MARGIN.bottom;
    const at = this.log ? Math.log(Math.max(v, this.low) / this.low) / Math.log(this.high / this.low)
      : (v - this.low) / (this.high - this.low);
    return this.height - MARGIN.bottom - Math.min(Math.max(at, -0.2), 1.2) * inner;
  }

  /* Limits of the axis: all that is drawn, of lines as of points. */
  scale(numbers, { log = false, from = null } = {}) {
    const finite = numbers.filter((v) => Number.isFinite(v) && (!log || v > 0));
    let low = Math.min(...finite), high = Math.max(...finite);
    if (!finite.length) [low, high] = log ? [1e-3, 1] : [0, 1];
    this.log = log;
    if (log) {
      this.low = Math.max(low, high * this.floor) / 1.3;
      this.high = high * 1.3;
      return;
    }
    if (from !== null) low = Math.min(low, from);
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    [this.low, this.high] = [low - (low === from ? 0 : room), high + room];
  }

  axes(label) {
    const marks = this.log ? log_ticks(this.low, this.high) : ticks(this.low, this.high, 5);
    const right = this.width - MARGIN.right, bottom = this.height - MARGIN.bottom;
    for (const v of marks) {
      const y = this.y(v);
      this.svg.append(element("line", { x1: MARGIN.left, x2: right, y1: y, y2: y, class: "grid" }));
      this.svg.append(element("text", { x: MARGIN.left - 6, y: y + 3.5, class: "tick end" },
        this.log && this.high / this.low >= 150 ? power_of_ten(v) : short(v, 4)));
    }
    for (const g of ticks(0, this.last, Math.min(this.last, this.width < 330 ? 4 : 6))) {
      if (!Number.isInteger(g)) continue;
      this.svg.append(element("line", { x1: this.x(g), x2: this.x(g), y1: bottom, y2: bottom + 4, class: "axis" }));
      this.svg.append(element("text", { x: this.x(g), y: bottom + 15, class: "tick middle" }, String(g)));
    }
    this.svg.append(element("path", { d: `M${MARGIN.left},${MARGIN.top}V${bottom}H${right}`, class: "axis" }));
    this.svg.append(element("text", { x: right, y: this.height - 4, class: "tick end" }, label));
  }

  cursor(g) {
    const bottom = this.height - MARGIN.bottom;
    this.svg.append(element("line", { x1: this.x(g), x2: this.x(g), y1: MARGIN.top, y2: bottom, class: "cursor" }));
  }

  line(generations, numbers, look) {
    let d = "", pen = false;
    generations.forEach((g, k) => {
      const v = numbers[k], drawn = Number.isFinite(v) && (!this.log || v >= this.low * 0.999);
      d += drawn ? `${pen ? "L" : "M"}${this.x(g).toFixed(2)},${this.y(v).toFixed(2)}` : "";
      pen = drawn;
    });
    this.svg.append(element("path", { d, class: `line ${look}` }));
  }

  band(generations, low, high) {
    const ok = generations.map((_, k) => k).filter((k) => Number.isFinite(low[k] + high[k]));
    if (ok.length < 2) return;
    const point = (k, v) => `${this.x(generations[k]).toFixed(2)},${this.y(v[k]).toFixed(2)}`;
    const d = `M${ok.map((k) => point(k, high)).join("L")}L${ok.reverse().map((k) => point(k, low)).join("L")}Z`;
    this.svg.append(element("path", { d, class: "band" }));
  }

  points(list, look) {
    const [top, bottom] = [MARGIN.top, this.height - MARGIN.bottom];
    const seen = (v) => Number.isFinite(v) && (!this.log || v >= this.low * 0.999);
    for (const { g, value, low, high } of list) {
      if (!seen(value)) continue;
      const [a, b] = [low, high].map((v) => Math.min(Math.max(this.y(seen(v) ? v : this.low), top), bottom));
      const x = this.x(g), y = Math.min(Math.max(this.y(value), top), bottom);
      this.svg.append(element("path", { d: `M${x},${a}V${b}M${x - 2},${a}h4M${x - 2},${b}h4`, class: `bar ${look}` }));
      this.svg.append(marker(x, y, look));
    }
  }
}

function marker(x, y, look) {
  if (look !== "second") return element("circle", { cx: x, cy: y, r: 3, class: `mark ${look}` });
  return element("rect", { x: x - 2.7, y: y - 2.7, width: 5.4, height: 5.4, class: `mark ${look}` });
}

function power_of_ten(v) {
  const power = Math.round(Math.log10(v));
  if (power >= -2 && power <= 3) return String(Number(v.toPrecision(1)));
  const raised = [...String(power)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  return `10${raised.join("")}`;
}

/* The training sets of one run, as dots, with each model's mean and ±2σ. */
function draw_cloud(canvas, experiment, last, cursor) {
  const width = canvas.parentElement.clientWidth, height = 250, density = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * density, height * density];
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d"), right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  pen.scale(density, density);
  pen.clearRect(0, 0, width, height);
  const x = (g) => MARGIN.left + ((g - 0.5) / last) * (right - MARGIN.left);
  const shown = experiment.generations.slice(1).flatMap((one) => one.picked.map(([v]) => Math.abs(v)));
  const reach = Math.min(Math.max(3.4, ...shown), 12);
  const y = (v) => (MARGIN.top + bottom) / 2 - (v / reach) * ((bottom - MARGIN.top) / 2);
  cloud_frame(pen, { x, y, right, bottom, last, reach, cursor });
  const step = (right - MARGIN.left) / last, each = Math.max(1, Math.ceil(4 / step));
  const random = new Random(7);
  for (let g = 1; g <= last; g++) {
    const { picked } = experiment.generations[g];
    const spread = Math.min(step * each * 0.36, 16);
    if (g % each) continue;
    for (const [v, age] of picked) {
      pen.fillStyle = age === 0 ? "#D55E00" : "#0072B2";
      pen.globalAlpha = age === 0 ? 0.85 : 0.5;
      const a = x(g) + spread * (2 * random.uniform() - 1), b = y(Math.max(-reach, Math.min(reach, v)));
      pen.beginPath();
      if (age === 0) pen.rect(a - 1.7, b - 1.7, 3.4, 3.4);
      else pen.arc(a, b, 1.6, 0, 7);
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = "#000";
  for (const [k, look] of [[-2, 0.9], [0, 1.4], [2, 0.9]]) {
    pen.beginPath();
    pen.lineWidth = look;
    experiment.generations.forEach(({ mean, variance }, g) => {
      pen.lineTo(x(g), y(mean + k * Math.sqrt(variance)));
    });
    pen.stroke();
  }
}

function cloud_frame(pen, { x, y, right, bottom, last, reach, cursor }) {
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = "#444";
  pen.strokeStyle = "#E8E8E8";
  pen.textAlign = "right";
  for (const v of ticks(-reach, reach, 5)) {
    pen.beginPath();
    pen.moveTo(MARGIN.left, y(v));
    pen.lineTo(right, y(v));
    pen.stroke();
    pen.fillText(short(v), MARGIN.left - 6, y(v) + 4);
  }
  pen.textAlign = "center";
  for (const g of ticks(0, last, Math.min(last, 6))) {
    if (g >= 1 && Number.isInteger(g)) pen.fillText(String(g), x(g), bottom + 15);
  }
  pen.textAlign = "right";
  pen.fillText("generation g", right, bottom + 30);
  if (cursor >= 1) {
    pen.strokeStyle = "#555";
    pen.setLineDash([2, 3]);
    pen.strokeRect(x(cursor), MARGIN.top, 0, bottom - MARGIN.top);
    pen.setLineDash([]);
  }
  pen.strokeStyle = "#333";
  pen.beginPath();
  pen.moveTo(MARGIN.left, MARGIN.top);
  pen.lineTo(MARGIN.left, bottom);
  pen.lineTo(right, bottom);
  pen.stroke();
}

/* Horizontal bars with names, one of them chosen. */
function draw_bars(svg, bars) {
  const width = Math.max(svg.parentElement.clientWidth, 240), row = 25, name = 136, room = 62;
  const height = bars.length * row + 8, most = Math.max(...bars.map((b) => b.value || 0), 1e-9);
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  bars.forEach(({ label, value, chosen }, k) => {
    const y = k * row + 4, long = Math.max(((value || 0) / most) * (width - name - room), 1.5);
    const look = chosen ? "chosen" : "";
    svg.append(element("text", { x: name - 8, y: y + 15, class: `tick end ${look}` }, label));
    if (value === null) return;
    svg.append(element("rect", { x: name, y: y + 3, width: long, height: row - 9, class: `block ${look}` }));
    svg.append(element("text", { x: name + long + 6, y: y + 15, class: `tick ${look}` }, short(value, 4)));
  });
}
