
/* The page: its state, which its address holds, the controls that change it, and what is shown. */

const DEFAULTS = {
  mixing: "FreshSplit", bias: "Unbiased", estimator: "MaximumLikelihood", start: "Truth",
  about: "model", alpha: 0.9, n: 100, n_0: 100, lam: 0.9, tau: 0.9, kappa: 2, p: 0.9, G: 40, g: 40,
  t: 3, seed: 1,
};
const CHOICES = {
  mixing: Object.keys(MIXINGS), bias: Object.keys(BIASES), estimator: Object.keys(ESTIMATORS),
  start: ["Truth", "Memory"], about: ["model", "real"],
};
/* Lowest, highest, step of the slider; whole numbers; a slider of logarithms. */
const RANGES = {
  alpha: [0, 1, 0.01], n: [2, 2000, 1, "whole", "log"], n_0: [1, 2000, 1, "whole", "log"],
  lam: [0.05, 2, 0.01], tau: [0.05, 2, 0.01], kappa: [0.1, 5, 0.05], p: [0.01, 0.999, 0.001],
  G: [1, 200, 1, "whole"], g: [0, 200, 1, "whole"], t: [0.5, 6, 0.1], seed: [0, 999999, 1, "whole"],
};
const MEANINGS = { G: "generations shown", g: "generation looked at" };
const SIGNS = { G: "<math><mi>G</mi></math>" };
const PANELS = {
  variance: ["Variance", "E σ²", "σ₀²"],
  error: ["Squared error of the mean", "E (μ−μ₀)²", "σ₀²"],
  tail: ["Tail mass", "P", ""],
  distance: ["Squared Wasserstein-2 distance", "E W₂²", "σ₀²"],
  loss: ["Held-out real log-loss", "E loss", "nats"],
};
const WORDS = {
  variance: "variance", error: "squared error of the mean", tail: "tail mass, mean",
  median: "tail mass, median", distance: "squared Wasserstein-2 distance", loss: "held-out real log-loss",
};
const NEAR = { Limit: "g → ∞, then n → ∞", Asymptotic: "to first order in 1/n" };

let state = { ...DEFAULTS }, experiment = null, timer = null;
const $ = (id) => document.getElementById(id);

// -- the state and the address ---------------------------------------------------------------------

/* A state from any table of texts: what is missing or no such number keeps its default. */
function read(table) {
  const s = { ...DEFAULTS };
  for (const [name, options] of Object.entries(CHOICES)) {
    if (options.includes(table[name])) s[name] = table[name];
  }
  for (const [name, [low, high, , whole]] of Object.entries(RANGES)) {
    const v = table[name] === undefined || table[name] === "" ? NaN : Number(table[name]);
    if (Number.isFinite(v)) s[name] = Math.min(Math.max(whole ? Math.round(v) : v, low), high);
  }
  s.g = Math.min(s.g, s.G);
  if (!loop_of(s).anchored) s.start = "Truth";
  return s;
}

function address(s) {
  const kept = Object.entries(s).filter(([name, v]) => name in DEFAULTS && v !== DEFAULTS[name]);
  return `#${new URLSearchParams(kept)}`;
}

function set(changes) {
  const before = state;
  state = read({ ...state, ...changes });
  if (changes.G !== undefined && before.g === before.G && changes.g === undefined) state.g = state.G;
  history.replaceState(null, "", address(state));
  show();
}

// -- controls -----------------------------------------------------------------------------------

function build_controls() {
  for (const name of CHOICES.mixing) {
    const label = document.createElement("label"), input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "mixing", value: name, id: `mixing-${name}` });
    label.append(input, document.createTextNode(spaced(name)));
    $("mixing").append(label);
    input.addEventListener("change", () => set({ mixing: name }));
  }
  for (const name of ["bias", "estimator", "start"]) {
    for (const option of CHOICES[name]) $(name).append(new Option(spaced(option), option));
  }
  for (const name of ["bias", "estimator", "start", "about"]) {
    $(name).addEventListener("change", () => set({ [name]: $(name).value }));
  }
  document.querySelectorAll("[data-for]").forEach((row) => build_slider(row, row.dataset.for));
  $("seed").addEventListener("input", () => $("seed").validity.valid && set({ seed: $("seed").value }));
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("down").addEventListener("click", (event) => { // a plain link would change the address
    event.preventDefault();
    $("sentence").scrollIntoView();
  });
  $("reset").addEventListener("click", (event) => {
    event.preventDefault();
    set({ ...DEFAULTS });
  });
}

function build_slider(row, name) {
  const [low, high, step, , log] = RANGES[name];
  const { sign, meaning } = PARAMETERS[name] ?? {};
  row.innerHTML = `<label for="${name}">${sign ?? SIGNS[name]}
    <span class="meaning">${MEANINGS[name] ?? meaning}</span></label>
    <div class="slide"><input type="range" id="${name}-slider" aria-label="${MEANINGS[name] ?? meaning}">
    <input type="number" id="${name}" inputmode="decimal"></div>`;
  const slider = $(`${name}-slider`), field = $(name);
  Object.assign(field, { min: low, max: high, step: step >= 1 ? 1 : "any" });
  Object.assign(slider, log ? { min: 0, max: 1000, step: 1 } : { min: low, max: high, step });
  slider.addEventListener("input", () => {
    const v = Number(slider.value);
    set({ [name]: log ? Math.round(low * (high / low) ** (v / 1000)) : v });
  });
  // n = 2, 3, … are less than a step of a slider of logarithms apart
  slider.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!log || !by) return;
    event.preventDefault();
    set({ [name]: state[name] + by * Math.max(1, Math.round(state[name] / 50)) });
  });
  field.addEventListener("input", () => {
    if (field.value !== "" && field.validity.valid) set({ [name]: field.value });
  });
  field.addEventListener("blur", () => (field.value = state[name]));
}

function show_controls(s, notes) {
  $(`mixing-${state.mixing}`).checked = true;
  $("mixing-words").textContent = `${MIXINGS[state.mixing].words}.`;
  $("bias-words").textContent = `${BIASES[state.bias].words}.`;
  for (const name of ["bias", "estimator", "start", "about"]) $(name).value = state[name];
  $("start").options[1].disabled = !loop_of(state).anchored;
  const moved = { ...MIXINGS[state.mixing].numbers, ...BIASES[state.bias].numbers };
  const used = [...Object.values(moved), "n", "G", "g", "t"];
  for (const row of document.querySelectorAll("[data-for]")) {
    const name = row.dataset.for, [low, high, , , log] = RANGES[name], slider = $(`${name}-slider`);
    row.hidden = !used.includes(name);
    if (name === "g") slider.max = $("g").max = state.G;
    slider.value = log ? (1000 * Math.log(state[name] / low)) / Math.log(high / low) : state[name];
    slider.setAttribute("aria-valuetext", String(state[name]));
    if (document.activeElement !== $(name)) $(name).value = state[name];
  }
  if (document.activeElement !== $("seed")) $("seed").value = state.seed;
  $("link").href = address(state);
  $("notes").textContent = notes.length ? `${notes.join("; ")}.` : "";
  show_sentence(s);
}

function show_sentence(s) {
  const call = (name, numbers) => `${name}(${Object.entries(numbers)
    .map(([field, symbol]) => `${field}=${exact(s, symbol)}`).join(", ")})`;
  const mixing = call(s.mixing, MIXINGS[s.mixing].numbers), bias = call(s.bias, BIASES[s.bias].numbers);
  $("words").innerHTML = `A standard Gaussian is sampled by <strong>${bias}</strong>, mixed by
    <strong>${mixing}</strong>, re-estimated by <strong>${s.estimator}()</strong> from
    <strong>n = ${s.n}</strong> points, and starts at <strong>${s.start}()</strong>.`;
  const names = ["FeedbackLoop", "Gaussian", s.mixing, s.bias, s.estimator, s.start, "predict"];
  $("python").textContent = `from hallofillusions import ${names.join(", ")}\n
loop = FeedbackLoop(
    Gaussian(), mixing=${mixing}, n=${s.n},
    bias=${bias}, estimator=${s.estimator}(), start=${s.start}(),
)
print(predict(loop, ${s.G}))`;
}

/* A number as Python is told it: counted shares as fractions. */
function exact(s, symbol) {
  if (symbol !== "alpha" || s.synthetic === undefined) return s[symbol];
  return Math.abs(Number(s.alpha.toPrecision(4)) - s.alpha) < 1e-15 ? Number(s.alpha.toPrecision(4))
    : `${s.synthetic}/${s.n}`;
}

function spaced(name) {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase().replace(/^./, (c) => c.toUpperCase());
}

// -- what is shown --------------------------------------------------------------------------------

function build_panels() {
  const picture = (id, title, wide, inner) => `<figure id="panel-${id}" class="${wide}"><h3>${title}</h3>
    <p class="value"></p><div class="plot">${inner}</div><figcaption></figcaption></figure>`;
  const svg = `<svg role="img" aria-label=""></svg>`;
  $("panels").innerHTML = [
    picture("cloud", "One run, point by point", "wide", `<canvas role="img" aria-label=""></canvas>`),
    ...Object.entries(PANELS).map(([id, [title]]) => picture(id, title, "", svg)),
    picture("effective", "Effective sample size N<sub>eff</sub> of each reading", "", svg),
    picture("ages", "The mirror cavity: ages of training items", "wide", svg),
  ].join("");
}

/* Generations at which a law is worked out: all, or enough of them for a smooth line. */
function sampled(last, most) {
  const step = Math.max(1, last / most);
  const list = Array.from({ length: Math.floor(last / step) + 1 }, (_, k) => Math.round(k * step));
  return [...new Set([0, 1, 2, ...list, state.g, last])].filter((g) => g <= last).sort((a, b) => a - b);
}

function show() {
  const { s, notes } = settled(state);
  const all = Array.from({ length: state.G + 1 }, (_, g) => g), few = sampled(state.G, 24);
  const theory = { s, all, few, path: moments(s, state.G), lines: {} };
  const tails = state.about === "model" ? ["tail", "median"] : ["realTail", "realMedian"];
  for (const word of ["variance", "error", "square", "distance", "loss", ...tails]) {
    const g = tails.includes(word) ? few : all, plain = word.replace("real", "").toLowerCase();
    theory.lines[plain] = { word, g, known: known(s, word), values: values(s, word, g, theory.path),
                            near: near(s, word, g) };
  }
  theory.others = CHOICES.mixing.filter((name) => name !== state.mixing).map((mixing) => {
    const other = settled({ ...state, mixing }).s, path = moments(other, state.G);
    return { variance: values(other, "variance", all, path), error: values(other, "error", all, path) };
  });
  show_controls(s, notes);
  show.theory = theory;
  start_experiment(s);
  draw();
  show_formulas(s);
}

function start_experiment(s) {
  clearTimeout(timer);
  experiment = new Experiment(s, state.G);
  if (experiment.possible) experiment.run(experiment.done++); // the picture is there at once
  const go = () => {
    const more = experiment.work(40);
    timer = more ? setTimeout(go, 0) : null;
    if (!more) draw();
  };
  if (experiment.enough) timer = setTimeout(go, 150);
}

function draw() {
  const { theory } = show, { s } = theory;
  const tested = experiment.done > 7 && timer === null, marks = sampled(state.G, 20).slice(1);
  const measured = (word, list) => (tested ? list.map((g) => ({ g, ...experiment.measured(word, g) })) : []);
  const cloud = document.querySelector("#panel-cloud canvas");
  cloud.hidden = !experiment.possible;
  if (experiment.possible) draw_cloud(cloud, experiment, state.G, state.g);
  caption("cloud", experiment.possible ? `training sets of one run: <span>● synthetic</span>
    <span style="color:#D55E00">■ real</span> <span>lines: the model’s mean, ±2σ</span>`
    : "too many points to draw in a browser", "");
  cloud.setAttribute("aria-label", `Training points of one run over ${state.G} generations, ${told_of(s)}`);
  for (const id of Object.keys(PANELS)) draw_panel(id, theory, measured, marks);
  draw_effective();
  draw_ages(s, tested);
  fill_table(theory, tested);
}

/* What the picture of one run shows, in words. */
function told_of(s) {
  const last = experiment.generations[state.G];
  return last ? `real and synthetic; the last model has the variance ${short(last.variance)}` : s.mixing;
}

function draw_panel(id, theory, measured, marks) {
  const names = id === "tail" ? ["tail", "median"] : [id], chart = chart_of(id);
  const lines = names.map((name) => theory.lines[name]);
  const points = lines.map(({ word }) => measured(word, marks));
  const others = id in theory.others[0] ? theory.others.map((one) => one[id]) : [];
  const band = id === "variance" ? band_of(theory) : null, real = reference(id, theory.s);
  const shown = [...lines.flatMap(({ values: v, near: n }) => [...(v ?? []), ...n.flatMap((one) => one.values)]),
    ...points.flat().flatMap((p) => [p.value, p.high]), ...others.flat().map((v) => Math.min(v, 1.5)), real,
    ...(band?.high ?? []).map((v) => Math.min(v, 2 * (lines[0].values?.[0] ?? 1)))];
  const wide = Math.max(...shown.filter(Number.isFinite)) > 300;
  chart.scale(shown, { log: id === "tail" || wide, from: id === "loss" ? null : 0 });
  chart.axes("generation g");
  chart.line([0, state.G], [real, real], "real");
  if (band) chart.band(theory.all, band.low, band.high);
  others.forEach((v) => chart.line(theory.all, v, "other"));
  chart.cursor(state.g);
  lines.forEach(({ g, values: v, near: n }, k) => {
    n.forEach((one) => chart.line(g, one.values, one.kind === "Limit" ? "near second" : "near"));
    if (v) chart.line(g, v, k ? "second" : "first");
    chart.points(points[k], k ? "second" : "first");
  });
  say(id, lines, points);
}

function chart_of(id) {
  return new Chart(document.querySelector(`#panel-${id} svg`), state.G);
}

/* One standard deviation of σ² over runs, from E σ² and E σ⁴. */
function band_of({ lines, all }) {
  const [mean, square] = [lines.variance.values, lines.square.values];
  const deviation = all.map((g) => Math.sqrt(Math.max(square[g] - mean[g] ** 2, 0)));
  return { low: all.map((g) => Math.max(mean[g] - deviation[g], 0)), high: all.map((g) => mean[g] + deviation[g]) };
}

/* What the real law itself has: the value that a perfect loop would keep. */
function reference(id, s) {
  return MEASURES[id]({ mean: 0, variance: 1 }, s);
}

function at(line, g) {
  return line.values ? line.values[line.g.indexOf(g)] : null;
}

/* The words above and below a panel, and what a screen reader is told of it. */
function say(id, lines, points) {
  const [title, sign, unit] = PANELS[id], g = state.g, quantity = lines.length > 1 ? ["mean ", "median "] : [""];
  const told = lines.map((line, k) => {
    const name = `${quantity[k]}${id === "tail" ? `P(|X−${state.about === "model" ? "μ" : "μ₀"}| > ${state.t} σ₀)` : sign}`;
    return line.values ? `${name} = <b>${underflown(at(line, g), 4)}</b>${unit ? ` ${unit}` : ""}` : "";
  }).filter(Boolean);
  const head = told.length ? `${told.join(", ")} at g = ${g}` : "no law known here";
  const unknown = [...new Set(lines.filter((l) => !l.values).map((l) => l.known.unknown))]
    .map((text) => text.replace("known for it;", "known for the median;")).map((text) => `<span class="unknown">${text.replace("> 3 σ₀", `> ${state.t} σ₀`)}</span>`);
  const guides = lines.flatMap((l) => l.near).map((n) => `<span>┄ ${n.sources.join(", ")}: ${
    n.sources.includes("biased_population") ? "n → ∞" : NEAR[n.kind]}</span>`);
  const median = lines.length > 1 ? ["<span>● mean over runs</span><span style=\"color:#D55E00\">■ median</span>"] : [];
  const sources = [...new Set(lines.flatMap((l) => (l.values ? l.known.sources : [])))];
  const from = sources.length ? [`<span>━ ${sources.join(", ")}</span>`] : [];
  const runs = points[0].length ? [`<span>○ ${experiment.replicates} runs</span>`] : [];
  const carried = points[0].length ? experiment.carried(lines[0].word, points[0].map((p) => p.g)) : undefined;
  if (carried !== undefined) {
    runs.push(`<span class="unknown">from g = ${carried} on rare runs carry the average: the bars are too short</span>`);
  }
  if (!experiment.enough) runs.push("<span>too many points to simulate in a browser</span>");
  caption(id, [...median, ...from, ...guides, ...runs, ...unknown].join(" "), head);
  const plain = new DOMParser().parseFromString(head, "text/html").body.textContent;
  document.querySelector(`#panel-${id} svg`).setAttribute("aria-label", `${title}: ${plain}`);
}

/* A law that is positive but no number of this machine. */
function underflown(v, digits) {
  return v === 0 && state.g > 0 ? "below 10⁻³⁰⁸" : short(v, digits);
}

function caption(id, below, above) {
  document.querySelector(`#panel-${id} figcaption`).innerHTML = below;
  document.querySelector(`#panel-${id} .value`).innerHTML = above;
}

function draw_effective() {
  const bars = CHOICES.mixing.map((mixing) => {
    const found = effective_size(settled({ ...state, mixing }).s);
    return { label: spaced(mixing), value: found.value ?? null, chosen: mixing === state.mixing, found };
  });
  const svg = document.querySelector("#panel-effective svg"), own = bars.find((b) => b.chosen);
  const lost = own.found.unknown;
  if (bars.every((b) => b.value === null)) svg.replaceChildren(), svg.setAttribute("height", 0);
  else draw_bars(svg, bars);
  const head = lost ? "no law known here" : `N<sub>eff</sub> = <b>${short(own.value, 4)}</b> of n = ${state.n}: as many
    independent real points leave the same E σ² and E (μ−μ₀)²`;
  caption("effective", lost ? `<span class="unknown">${lost}</span>` : `<span>━ ${own.found.sources.join(", ")}</span>`, head);
  svg.setAttribute("aria-label", `Effective sample sizes: ${bars.map((b) => `${b.label} ${short(b.value ?? NaN, 4)}`).join(", ")}`);
}

function draw_ages(s, tested) {
  const g = state.g, law = ages(s, g), shares = tested && g > 0 ? experiment.shares(g) : [];
  const known_law = law.law ?? [], seen = shares.findLastIndex((v) => v > 0);
  const last = Math.max(Math.min(g, 60, Math.max(known_law.findLastIndex((p) => p > 2e-3), seen)), 1);
  const chart = new Chart(document.querySelector("#panel-ages svg"), last + 1);
  chart.scale([...known_law, ...shares, 0.05], { from: 0 });
  chart.axes("models that an item has been through, k");
  const wide = Math.max((chart.x(1) - chart.x(0)) * 0.62, 1);
  known_law.slice(0, last + 1).forEach((p, k) => {
    chart.svg.append(element("rect", { x: chart.x(k) - (k ? wide / 2 : 0), width: k ? wide : wide / 2,
      y: chart.y(p), height: Math.max(chart.y(0) - chart.y(p), 0), class: "step" }));
  });
  chart.points(shares.slice(0, last + 1).map((v, k) => ({ g: k, value: v, low: v, high: v })), "first");
  const finite = Number.isFinite(law.mean), life = Number.isFinite(law.lifetime);
  const head = law.unknown ? "no law known here" : `${finite ? `on average <b>${short(law.mean, 4)}</b> models at g = ${g}` : ""}${
    life ? `; a share 1/e has met no real item for <b>${short(law.lifetime, 3)}</b> generations` : ""}`;
  caption("ages", `${law.unknown ? `<span class="unknown">${law.unknown}</span>`
    : `<span>▮ ${law.sources.join(", ")}</span>`}${shares.length ? "<span>○ training sets of the runs</span>" : ""}`, head);
  chart.svg.setAttribute("aria-label", `Ages of training items: ${head.replace(/<[^>]*>/g, "")}`);
}

function fill_table(theory, tested) {
  $("table-g").textContent = `g = ${state.g}`;
  const rows = Object.entries(WORDS).map(([name, title]) => {
    const line = theory.lines[name], value = at(line, state.g);
    const found = tested && state.g > 0 ? experiment.measured(line.word, state.g) : null;
    const spread = found && `${short(found.value, 4)} (${short(found.low, 3)} … ${short(found.high, 3)})`;
    const reason = line.known.unknown?.replace("> 3 σ₀", `> ${state.t} σ₀`);
    return `<tr><th scope="row">${title}</th><td class="number">${value === null ? "–" : underflown(value, 6)}</td>
      <td class="number">${spread ?? "–"}</td><td class="${reason ? "none" : ""}">${reason ?? line.known.sources.join(", ")}</td></tr>`;
  });
  document.querySelector("#table tbody").innerHTML = rows.join("");
}

/* The recursion and the theorems that apply; those that were open stay open. */
function show_formulas(s) {
  const own = canonical(s), loop = loop_of(own), key = [own.mixing, own.bias, own.estimator, s.start].join();
  if (show_formulas.key === key) return;
  show_formulas.key = key;
  const open = new Set([...$("formulas").querySelectorAll("details[open]")].map((d) => d.dataset.name));
  const names = [...new Set(Object.values(loop.about).flat())];
  const block = (name, title, note, inner, opened) => `<details class="theorem" data-name="${name}" ${
    opened || open.has(name) ? "open" : ""}><summary>${title}<small>${note}</small></summary>${inner}</details>`;
  const recursion = loop.formula ? block("recursion", "The recursion of E σ² and E (μ−μ₀)²", "composed by the engine",
    `<div class="equations" tabindex="0">${loop.formula}</div>`, true) : block("recursion", "The recursion",
    "too long to be read here", `<p class="words"><code>hallofillusions derive --mixing ${own.mixing} …</code> prints it.</p>`, false);
  $("formulas").innerHTML = recursion + names.map((name, k) => {
    const t = THEOREMS[name];
    return block(name, t.title, `${name} · ${t.kind}`, `<div class="equations" tabindex="0">${t.equations.join("")}</div>
      <ul>${t.assumptions.map((a) => `<li>${escaped(a)}</li>`).join("")}<li>reference: ${escaped(t.origin)}</li></ul>`, k === 0);
  }).join("");
}

function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

// -- beginning --------------------------------------------------------------------------------------

function from_address() {
  state = read(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
  show();
}

build_controls();
build_panels();
from_address();
window.addEventListener("hashchange", from_address);
let wide = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== wide) draw();
  wide = window.innerWidth;
});

/* For tests, and for whoever wants the numbers. */
window.explorer = {
  set,
  get state() {
    return { ...state };
  },
  get settled() {
    return timer === null;
  },
  evaluate(table) {
    const asked = read(table), { s } = settled(asked), path = moments(s, asked.G);
    const all = path.map((_, g) => g), text = (list) => list && list.map(String);
    const words = Object.keys(loop_of(s).words);
    const per = (of) => Object.fromEntries(words.map((word) => [word, of(word)]));
    const age = ages(s, asked.g), size = effective_size(s);
    return {
      state: s, words: per((w) => text(values(s, w, all, path))),
      unknown: per((w) => known(s, w).unknown ?? null),
      near: per((w) => near(s, w, all).map((one) => ({ ...one, values: text(one.values) }))),
      effective: String(size.value), ages: text(age.law ?? null), mean_age: String(age.mean),
    };
  },
};
