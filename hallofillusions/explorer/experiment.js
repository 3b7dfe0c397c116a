
/* The experiment: the loop taken literally.
 *
 * It samples, mixes and refits, point by point, with seeded random numbers, and measures each
 * model.  It is the picture of the definition: nothing here knows a law.
 */

/* Uniform and normal numbers from a seed (sfc32). */
class Random {
  constructor(seed) {
    [this.a, this.b, this.c, this.d] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, seed >>> 0];
    this.spare = null;
    for (let k = 0; k < 20; k++) this.uniform();
  }

  uniform() {
    const t = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return ((t >>> 0) + 0.5) / 4294967296;
  }

  below(n) {
    return Math.floor(this.uniform() * n);
  }

  normal() {
    if (this.spare !== null) {
      const kept = this.spare;
      this.spare = null;
      return kept;
    }
    const r = Math.sqrt(-2 * Math.log(this.uniform())), angle = 2 * Math.PI * this.uniform();
    this.spare = r * Math.sin(angle);
    return r * Math.cos(angle);
  }
}

/* What sampling does to a standard normal model: one point. */
const SAMPLERS = {
  Unbiased: (random) => random.normal(),
  ScaleCovariance: (random, s) => Math.sqrt(s.lam) * random.normal(),
  Temperature(random, { tau }) { // by rejection from the density to the power 1/τ
    for (;;) {
      if (tau <= 1) {
        const z = random.normal();
        if (Math.log(random.uniform()) <= -0.5 * (1 / tau - 1) * z * z) return z;
      } else { // Student's t with 3 degrees of freedom lies above every normal law
        const chi = random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2;
        const r = random.normal() * Math.sqrt(3 / chi);
        const ratio = -r * r / 2 + 2 * Math.log1p(r * r / 3) + 0.5 - 2 * Math.log(4 / 3);
        if (Math.log(random.uniform()) <= ratio) return Math.sqrt(tau) * r;
      }
    }
  },
  Truncation: (random, s) => within(random, s.kappa),
  TopP: (random, s) => within(random, s.nucleus),
};

function within(random, k) {
  for (;;) {
    const z = random.normal();
    if (Math.abs(z) <= k) return z;
  }
}

/* One run of the loop; a training item is a point and the number of models it has been through. */
class Run {
  constructor(s, seed) {
    this.s = { ...s, nucleus: s.bias === "TopP" ? Math.SQRT2 * erfinv(s.p) : 0 };
    this.random = new Random(seed);
    this.model = { mean: 0, variance: 1 };
    this.g = 0;
    this.points = [];
    this.ages = [];
    this.last = [0]; // ages of the last training set
    const held = { FixedReal: s.n - s.synthetic, FixedPool: s.n_0 }[s.mixing] ?? 0;
    this.memory = Array.from({ length: held }, () => this.random.normal());
    this.pool = { points: [], ages: [] };
  }

  real(count, point = () => this.random.normal()) {
    for (let k = 0; k < count; k++) {
      this.points.push(point());
      this.ages.push(0);
    }
  }

  synthetic(count) {
    const { mean, variance } = this.model, deviation = Math.sqrt(variance);
    const draw = SAMPLERS[this.s.bias];
    for (let k = 0; k < count; k++) {
      this.points.push(mean + deviation * draw(this.random, this.s));
      this.ages.push(1 + this.last[this.random.below(this.last.length)]);
    }
  }

  /* The training set of the next fit. */
  train() {
    const { mixing, n, alpha, synthetic, start } = this.s;
    this.points = [];
    this.ages = [];
    if (start === "Memory" && this.g === 0) this.memory.forEach((x) => this.real(1, () => x));
    else if (mixing === "Replace") this.synthetic(n);
    else if (mixing === "FreshSplit") {
      this.real(n - synthetic);
      this.synthetic(synthetic);
    } else if (mixing === "FreshMixture") {
      for (let k = 0; k < n; k++) {
        if (this.random.uniform() < alpha) this.synthetic(1);
        else this.real(1);
      }
    } else if (mixing === "FixedReal") {
      this.memory.forEach((x) => this.real(1, () => x));
      this.synthetic(synthetic);
    } else if (mixing === "FixedPool") {
      this.real(n - synthetic, () => this.memory[this.random.below(this.memory.length)]);
      this.synthetic(synthetic);
    } else this.grow(mixing === "AccumulateSubsample");
  }

  /* n more points in the pool, real ones at first; the fit sees all of it or n. */
  grow(subsampled) {
    if (this.g === 0) this.real(this.s.n);
    else this.synthetic(this.s.n);
    const { points, ages } = this.pool;
    this.points.forEach((x, k) => {
      points.push(x);
      ages.push(this.ages[k]);
    });
    [this.points, this.ages] = [points, ages];
    if (!subsampled) return;
    for (let k = 0; k < this.s.n; k++) { // the first n of a shuffled pool
      const j = k + this.random.below(points.length - k);
      [points[k], points[j]] = [points[j], points[k]];
      [ages[k], ages[j]] = [ages[j], ages[k]];
    }
    [this.points, this.ages] = [points.slice(0, this.s.n), ages.slice(0, this.s.n)];
  }

  /* One generation: train, then match the moments. */
  step() {
    this.train();
    const count = this.points.length;
    let mean = 0, scatter = 0;
    for (const x of this.points) mean += x / count;
    for (const x of this.points) scatter += (x - mean) ** 2;
    const divisor = this.s.estimator === "Bessel" ? count - 1 : count;
    this.model = { mean, variance: scatter / divisor };
    this.last = this.ages;
    this.g += 1;
  }
}

/* What is measured on one model; the real law is N(0, 1). */
const MEASURES = {
  variance: ({ variance }) => variance,
  error: ({ mean }) => mean * mean,
  tail: ({ variance }, { t }) => erfc(t / Math.sqrt(2 * variance)),
  realTail({ mean, variance }, { t }) {
    const d = Math.sqrt(2 * variance);
    return (erfc((t - mean) / d) + erfc((t + mean) / d)) / 2;
  },
  distance: ({ mean, variance }) => mean * mean + (Math.sqrt(variance) - 1) ** 2,
  loss: ({ mean, variance }) =>
    0.5 * (Math.log(2 * Math.PI * variance) + (1 + mean * mean) / variance),
};
const MEDIANS = { median: "tail", realMedian: "realTail" };

/* Many runs, worked off in slices of time, so that the page stays awake. */
class Experiment {
  constructor(s, last, budget = 4e6) {
    [this.s, this.last] = [s, last];
    const seen = s.n * last * (s.mixing === "Accumulate" ? Math.max(last / 8, 1) : 1);
    this.replicates = Math.min(2000, Math.floor(budget / (seen || 1)));
    this.done = 0;
    this.models = Array.from({ length: last + 1 }, () => []);
    this.generations = []; // of the first run: its training sets
    this.ages = Array.from({ length: last + 1 }, () => []);
  }

  /* Whether one run can be drawn, and enough of them averaged. */
  get possible() {
    return this.replicates >= 1;
  }

  get enough() {
    return this.replicates >= 8;
  }

  work(milliseconds) {
    const end = Date.now() + milliseconds;
    while (this.done < this.replicates && Date.now() < end) this.run(this.done++);
    return this.done < this.replicates;
  }

  run(number) {
    const run = new Run(this.s, 1000003 * (this.s.seed + 1) + number);
    this.models[0].push(run.model);
    for (let g = 1; g <= this.last; g++) {
      run.step();
      this.models[g].push(run.model);
      if (number === 0) this.generations[g] = kept(run, this.s);
      const every = Math.max(1, Math.floor((run.ages.length * this.replicates) / 20000));
      for (let k = number % every; k < run.ages.length; k += every) this.ages[g].push(run.ages[k]);
    }
  }

  /* Mean and standard error, or the median and its order statistics, of a word at g. */
  measured(word, g) {
    const of = MEDIANS[word] ?? word;
    const found = this.models[g].map((model) => MEASURES[of](model, this.s));
    return word in MEDIANS ? middle(found) : average(found);
  }

  /* The first generation at which one run makes up a third of the sum over runs. */
  carried(word, list) {
    if (word in MEDIANS) return undefined;
    return list.find((g) => {
      const found = this.models[g].map((model) => MEASURES[word](model, this.s));
      return Math.max(...found) > found.reduce((a, b) => a + b, 0) / 3;
    });
  }

  /* Shares of the ages 0 … g with their standard errors. */
  shares(g) {
    const list = this.ages[g], count = new Array(g + 1).fill(0);
    list.forEach((k) => (count[k] += 1));
    return count.map((c) => c / list.length);
  }
}

function kept(run, s) {
  const every = Math.max(1, Math.ceil(run.points.length / 90)), picked = [];
  for (let k = 0; k < run.points.length; k += every) picked.push([run.points[k], run.ages[k]]);
  return { picked, ...run.model };
}

function average(list) {
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  const square = list.reduce((a, b) => a + (b - mean) ** 2, 0) / (list.length - 1);
  const error = Math.sqrt(square / list.length);
  return { value: mean, low: mean - 1.96 * error, high: mean + 1.96 * error };
}

function middle(list) {
  const sorted = Float64Array.from(list).sort(), half = (sorted.length - 1) / 2;
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (k) => sorted[Math.min(Math.max(Math.round(k), 0), sorted.length - 1)];
  return {
    value: (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2,
    low: at(half - reach), high: at(half + reach),
  };
}
