// Statistics of measured times. Percentiles are order statistics (values that were measured, never
// interpolated) with a confidence interval that assumes nothing about the distribution; it treats
// the observations as independent.

export interface Estimate {
  value: number;
  /** Ends of the interval; null where the sample is too small to bound that side. */
  low: number | null;
  high: number | null;
}

export interface Percentile extends Estimate {
  count: number;
}

export interface Interval {
  begin: number;
  end: number;
}

export const LEVEL = 0.95;

const rankCache = new Map<string, { value: number; low: number | null; high: number | null }>();

/**
 * Ranks (from 1) of the p-quantile of n values and of its interval. With B binomial(n, p), the l-th
 * smallest value is above the true quantile with probability P(B < l), the u-th smallest below it
 * with P(B >= u); each is kept at or under (1 - level) / 2. David and Nagaraja, Order Statistics,
 * section 7.1.
 */
export function quantileRanks(
  n: number,
  p: number,
  level = LEVEL,
): { value: number; low: number | null; high: number | null } {
  const key = `${n}/${p}/${level}`;
  const cached = rankCache.get(key);
  if (cached !== undefined) return cached;
  const tail = (1 - level) / 2;
  const { first, mass } = binomialMass(n, p);
  let low: number | null = null;
  let high: number | null = null;
  let below = 0; // P(B <= k - 1) at the head of the loop
  for (let k = first; k <= first + mass.length; k++) {
    if (below <= tail && k >= 1) low = k;
    if (below >= 1 - tail && high === null) high = k;
    below += mass[k - first] ?? 0;
  }
  if (high !== null && high > n) high = null;
  const ranks = { value: Math.max(1, Math.ceil(p * n - 1e-9)), low, high };
  rankCache.set(key, ranks);
  return ranks;
}

/**
 * Probabilities of a binomial(n, p) around its mode; what is left out is under 1e-18 of the peak.
 */
function binomialMass(n: number, p: number): { first: number; mass: number[] } {
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const left: number[] = [];
  for (let k = mode, m = 1; k > 0 && m > 1e-18; k--) {
    m *= (k * (1 - p)) / ((n - k + 1) * p);
    left.push(m);
  }
  const mass = [...left.reverse(), 1];
  for (let k = mode, m = 1; k < n && m > 1e-18; k++) {
    m *= ((n - k) * p) / ((k + 1) * (1 - p));
    mass.push(m);
  }
  const total = mass.reduce((sum, m) => sum + m, 0);
  return { first: mode - left.length, mass: mass.map((m) => m / total) };
}

export function sorted(values: readonly number[]): number[] {
  return Float64Array.from(values).sort() as unknown as number[];
}

/** The p-quantile (0 < p < 1) of values in rising order; null when there are none. */
export function percentile(rising: ArrayLike<number>, p: number, level = LEVEL): Percentile | null {
  const count = rising.length;
  if (count === 0) return null;
  const ranks = quantileRanks(count, p, level);
  const at = (rank: number | null): number | null =>
    rank === null ? null : (rising[rank - 1] as number);
  return { value: at(ranks.value) as number, low: at(ranks.low), high: at(ranks.high), count };
}

/** The p-quantile from a histogram: the bucket's ends, nothing in between is known. */
export function bucketPercentile(
  bounds: readonly number[],
  counts: readonly number[],
  p: number,
  min: number,
  max: number,
): Percentile | null {
  const count = counts.reduce((sum, c) => sum + c, 0);
  if (count === 0) return null;
  const rank = Math.max(1, Math.ceil(p * count - 1e-9));
  let seen = 0;
  for (let i = 0; i < counts.length; i++) {
    seen += counts[i] as number;
    if (seen >= rank) {
      const low = Math.max(min, i === 0 ? min : (bounds[i - 1] as number));
      const high = Math.min(max, bounds[i] ?? max);
      return { value: high, low, high, count };
    }
  }
  return null;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * Two-sided 95 % points of Student's t; from 30 degrees of freedom on, the error is under 0.5 %.
 */
const T95 = [
  12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045,
];

export function student95(degrees: number): number {
  if (degrees < 1) return Infinity;
  const floor = Math.floor(degrees);
  return T95[floor - 1] ?? 1.96 + 2.4 / degrees;
}

export interface Rate extends Estimate {
  /** Rates in equal windows of the time measured. */
  windows: number[];
}

/**
 * Completions per second between two times in nanoseconds, with an interval from the means of ten
 * windows (batch means: neighbouring completions depend on each other, windows hardly do).
 */
export function rate(ends: readonly number[], begin: number, end: number): Rate | null {
  const seconds = (end - begin) / 1e9;
  if (!(seconds > 0) || ends.length === 0) return null;
  const value = ends.length / seconds;
  const count = 10;
  if (ends.length < 5 * count) return { value, low: null, high: null, windows: [] };
  const windows = new Array<number>(count).fill(0);
  for (const at of ends) {
    const window = Math.min(
      count - 1,
      Math.max(0, Math.floor(((at - begin) / (end - begin)) * count)),
    );
    windows[window] = (windows[window] as number) + count / seconds;
  }
  const half = (student95(count - 1) * deviation(windows)) / Math.sqrt(count);
  return { value, low: Math.max(0, value - half), high: value + half, windows };
}

/** Standard deviation of a sample. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1));
}

/**
 * a / b for one percentile of two samples in rising order. Each interval is taken at 97.5 %, so
 * that both hold together with at least 95 % (Bonferroni).
 */
export function percentileRatio(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  p: number,
): Estimate | null {
  const level = 1 - (1 - LEVEL) / 2;
  const over = percentile(a, p, level);
  const under = percentile(b, p, level);
  if (over === null || under === null || !(under.value > 0)) return null;
  const divide = (x: number | null, y: number | null): number | null =>
    x === null || y === null || y <= 0 ? null : x / y;
  return {
    value: over.value / under.value,
    low: divide(over.low, under.high),
    high: divide(over.high, under.low),
  };
}

/** a / b for two rates, from the spread of their windows (Welch's interval of the log ratio). */
export function rateRatio(a: Rate, b: Rate): Estimate | null {
  if (!(b.value > 0) || !(a.value > 0)) return null;
  const value = a.value / b.value;
  if (a.windows.length < 2 || b.windows.length < 2) return { value, low: null, high: null };
  const variance = (r: Rate): number => (deviation(r.windows) / r.value) ** 2 / r.windows.length;
  const va = variance(a);
  const vb = variance(b);
  const spread = va ** 2 / (a.windows.length - 1) + vb ** 2 / (b.windows.length - 1);
  const degrees = spread === 0 ? a.windows.length + b.windows.length - 2 : (va + vb) ** 2 / spread;
  const half = student95(degrees) * Math.sqrt(va + vb);
  return { value, low: value * Math.exp(-half), high: value * Math.exp(half) };
}

/** Wilson's interval of a proportion (0 to 1) seen in count trials. */
export function proportion(value: number, count: number): Estimate {
  const z = 1.96;
  const scale = 1 + z ** 2 / count;
  const centre = (value + z ** 2 / (2 * count)) / scale;
  const half = (z / scale) * Math.sqrt((value * (1 - value)) / count + z ** 2 / (4 * count ** 2));
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Length of the union of intervals. Sorts its argument. */
export function unionLength(intervals: Interval[]): number {
  intervals.sort((a, b) => a.begin - b.begin);
  let length = 0;
  let reached = -Infinity;
  for (const { begin, end } of intervals) {
    if (end <= reached) continue;
    length += end - Math.max(begin, reached);
    reached = end;
  }
  return length;
}

/** The parts of a span that none of its children covers; children may overlap and stick out. */
export function selfIntervals(span: Interval, children: readonly Interval[]): Interval[] {
  if (children.length === 0)
    return span.end > span.begin ? [{ begin: span.begin, end: span.end }] : [];
  const parts: Interval[] = [];
  let reached = span.begin;
  for (const child of [...children].sort((a, b) => a.begin - b.begin)) {
    if (child.begin > reached) parts.push({ begin: reached, end: Math.min(child.begin, span.end) });
    reached = Math.max(reached, child.end);
    if (reached >= span.end) break;
  }
  if (reached < span.end) parts.push({ begin: reached, end: span.end });
  return parts.filter((part) => part.end > part.begin);
}

export interface Bin {
  low: number;
  high: number;
  count: number;
}

export interface Histogram {
  bins: Bin[];
  /** Values above the last bin; they are counted, not drawn. */
  beyond: number;
}

/**
 * Equal bins from zero-based multiples of a round width (Freedman and Diaconis's rule, 8 to 60
 * bins). A long tail is cut at twice the 99th percentile and counted.
 */
export function histogram(rising: ArrayLike<number>): Histogram {
  const count = rising.length;
  if (count === 0) return { bins: [], beyond: 0 };
  const at = (p: number): number => rising[Math.min(count - 1, Math.ceil(p * count) - 1)] as number;
  const min = rising[0] as number;
  const max = rising[count - 1] as number;
  const top = Math.min(max, Math.max(2 * at(0.99), min));
  const range = Math.max(top - min, Math.abs(top) * 0.1, 1e-9);
  const rule = (2 * (at(0.75) - at(0.25))) / Math.cbrt(count);
  const width = roundUp(Math.min(range / 8, Math.max(range / 60, rule)));
  const first = Math.floor(min / width);
  const bins: Bin[] = [];
  const number = Math.floor(top / width) - first + 1;
  for (let i = 0; i < number; i++) {
    bins.push({ low: (first + i) * width, high: (first + i + 1) * width, count: 0 });
  }
  let beyond = 0;
  for (let i = 0; i < count; i++) {
    const bin = bins[Math.floor((rising[i] as number) / width) - first];
    if (bin === undefined) beyond++;
    else bin.count++;
  }
  return { bins, beyond };
}

/** The next 1, 2 or 5 times a power of ten at or above a positive number. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 5]) if (value <= step * power * (1 + 1e-12)) return step * power;
  return 10 * power;
}
