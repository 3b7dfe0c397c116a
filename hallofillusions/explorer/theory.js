
/* Theory: recursions iterated and laws evaluated, at one state of the page.
 *
 * RECURSIONS, FUNCTIONS, LOOPS, … are printed from the package's own expressions; there is no
 * formula in this file.
 */

function loop_of(s) {
  return LOOPS[[s.mixing, s.bias, s.estimator].join("/")];
}

/* The state that a loop can have: whole counts where the mixing wants them, and what was changed. */
function settled(asked) {
  const s = { ...asked, mu_0: 0, sigma_0: 1 }, notes = [], loop = loop_of(s);
  if (!(s.start in loop.starts)) s.start = "Truth";
  if (loop.whole) {
    const alone = s.estimator === "Bessel" && s.start === "Memory" ? 2 : 1;
    const most = s.mixing === "FixedReal" ? Math.max(s.n - alone, 0) : s.n;
    const made = Math.min(Math.round(s.alpha * s.n), most);
    if (Math.abs(made - s.alpha * s.n) > 1e-9 * s.n) {
      notes.push(`α is rounded to ${made}/${s.n}: points are counted, not shared`);
    }
    s.alpha = made / s.n;
    s.synthetic = made;
  }
  if (s.mixing === "FixedPool" && s.estimator === "Bessel" && s.start === "Memory" && s.n_0 < 2) {
    s.n_0 = 2;
    notes.push("the pool is made 2: Bessel divides by its size less 1");
  }
  return { s, notes };
}

/* The same loop under its plainest name: fresh data at α = 1 are no data. */
function canonical(s) {
  const fresh = "alpha" in MIXINGS[s.mixing].numbers && !loop_of(s).anchored;
  return fresh && s.alpha === 1 ? { ...s, mixing: "Replace" } : s;
}

/* Rows and columns of the coefficients, each once, and the place of every entry among them. */
function cells_of(recursion) {
  const known = new Map(), places = recursion.entries.map(([i, j]) => {
    const name = `${i},${j}`;
    if (!known.has(name)) known.set(name, known.size);
    return known.get(name);
  });
  return { cells: [...known.keys()].map((name) => name.split(",").map(Number)), places };
}

/* The coefficients at one generation as [row, column, value], like terms added up. */
function coefficients(recursion, atoms) {
  recursion.plan ??= cells_of(recursion);
  const products = recursion.monomials.map((m) => m.reduce((p, k) => p * atoms[k], 1));
  const { cells, places } = recursion.plan, sums = new Float64Array(cells.length);
  recursion.entries.forEach(([, , u, c], k) => (sums[places[k]] += c * products[u]));
  return cells.map(([i, j], k) => [i, j, sums[k]]);
}

/* Moments at g = 0 … last. */
function moments(state, last) {
  const s = canonical(state), loop = loop_of(s), recursion = RECURSIONS[loop.recursion];
  const begin = loop.starts[s.start] ?? loop.starts.Truth;
  const path = [FUNCTIONS[begin.origin](s)];
  let C = null;
  for (let g = 1; g <= last; g++) {
    if (g === 1 && begin.first !== null) {
      path.push(FUNCTIONS[begin.first](s));
      continue;
    }
    if (C === null || loop.grows) C = coefficients(recursion, FUNCTIONS[loop.atoms]({ ...s, g }));
    const x = new Array(recursion.size).fill(0);
    for (const [i, j, value] of C) x[i] += j < 0 ? value : value * path[g - 1][j];
    path.push(x.map((v) => (Number.isNaN(v) ? Infinity : v))); // beyond the floats: 0 · ∞
  }
  return path;
}

/* What is known of a word: {law, sources, kind} or {unknown}. */
function known(state, word) {
  const s = canonical(state), own = loop_of(s).words[word];
  if (own.unknown || state.start === "Truth" || own.sources.every((n) => n === "recursion")) return own;
  return { unknown: `no theorem known for this start; ${own.sources.join(" and ")} want the truth` };
}

/* A word at some generations; null where no law is known. */
function values(state, word, generations, path) {
  const law = known(state, word), s = canonical(state);
  if (law.unknown) return null;
  return generations.map((g) => FUNCTIONS[law.law]({ ...s, g }, path[g]));
}

/* Limits and first orders in 1/n of a word: [{values, sources, kind}]. */
function near(state, word, generations) {
  const s = canonical(state);
  if (s.start !== "Truth") return [];
  return loop_of(s).near[word].map(({ law, sources, kind }) => ({
    sources, kind, values: generations.map((g) => FUNCTIONS[law]({ ...s, g }, [])),
  })).filter((one) => one.values.some(Number.isFinite));
}

/* N_eff and what is known of ages: numbers, or {unknown}. */
function effective_size(state) {
  const own = loop_of(canonical(state)).effective;
  return own.unknown ? own : { value: FUNCTIONS[own.law](canonical(state)), sources: own.sources };
}

function ages(state, g) {
  const s = { ...canonical(state), g }, own = loop_of(s).ages;
  if (own.unknown) return own;
  const law = Array.from({ length: g + 1 }, (_, k) => FUNCTIONS[own.ages.law](s, k));
  const [mean, lifetime] = ["mean age", "lifetime"].map((what) => FUNCTIONS[own[what].law](s));
  return { law, mean, lifetime, sources: own.ages.sources };
}
