import { describe, expect, it } from 'vitest';
import {
  bucketPercentile,
  deviation,
  histogram,
  percentile,
  percentileRatio,
  proportion,
  quantileRanks,
  rate,
  rateRatio,
  roundUp,
  selfIntervals,
  student95,
  unionLength,
} from './stats';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

/** P(B <= k) by summing exact binomial terms. */
function binomialCdf(n: number, p: number, k: number): number {
  let log = n * Math.log(1 - p); // of a term, which may be too small for a number
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    sum += Math.exp(log);
    log += Math.log(((n - i) * p) / ((i + 1) * (1 - p)));
  }
  return sum;
}

describe('percentile', () => {
  it('is a value that was measured, never one between two', () => {
    expect(percentile([10, 20, 30, 40], 0.5)?.value).toBe(20);
    expect(percentile([10, 20, 30, 40], 0.9)?.value).toBe(40);
    expect(percentile([7], 0.99)?.value).toBe(7);
    expect(percentile([], 0.5)).toBeNull();
  });

  it('takes the rank that holds exactly p of the values when n p is whole', () => {
    expect(percentile(upTo(100), 0.99)?.value).toBe(99);
    expect(percentile(upTo(1000), 0.9)?.value).toBe(900);
  });

  it.each([
    [20, 0.5],
    [100, 0.5],
    [100, 0.9],
    [500, 0.99],
    [1000, 0.9],
  ])('has the tightest ranks that keep 95 %% for n = %d, p = %d', (n, p) => {
    const { low, high } = quantileRanks(n, p);
    expect(binomialCdf(n, p, (low as number) - 1)).toBeLessThanOrEqual(0.025);
    expect(binomialCdf(n, p, low as number)).toBeGreaterThan(0.025);
    expect(1 - binomialCdf(n, p, (high as number) - 1)).toBeLessThanOrEqual(0.025 + 1e-12);
    expect(1 - binomialCdf(n, p, (high as number) - 2)).toBeGreaterThan(0.025);
  });

  it('says that a side is unbounded where the sample is too small', () => {
    expect(percentile(upTo(100), 0.99)?.high).toBeNull();
    expect(percentile(upTo(400), 0.99)?.high).not.toBeNull();
    expect(quantileRanks(5, 0.5)).toEqual({ value: 3, low: null, high: null });
  });

  it('works for a million values', () => {
    const { low, value, high } = quantileRanks(1_000_000, 0.99);
    expect(value).toBe(990_000);
    expect(990_000 - (low as number)).toBeGreaterThan(180);
    expect((high as number) - 990_000).toBeLessThan(210);
  });

  it('covers the true quantile in at least 95 % of samples', () => {
    let state = 12345;
    const random = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    let covered = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const sample = Array.from({ length: 60 }, random).sort((a, b) => a - b);
      const found = percentile(sample, 0.5);
      if ((found?.low as number) <= 0.5 && (found?.high as number) >= 0.5) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.94);
  });
});

it('gives the ends of a bucket for a percentile from a histogram', () => {
  const found = bucketPercentile([10, 20, 40], [5, 4, 0, 1], 0.5, 2, 90);
  expect(found).toEqual({ value: 10, low: 2, high: 10, count: 10 });
  expect(bucketPercentile([10, 20, 40], [5, 4, 0, 1], 0.99, 2, 90)).toMatchObject({
    low: 40,
    high: 90,
  });
  expect(bucketPercentile([], [], 0.5, 0, 0)).toBeNull();
});

describe('rate', () => {
  it('counts completions a second with an interval around them', () => {
    const ends = upTo(1000).map((i) => i * 1e7 - 5e6);
    const found = rate(ends, 0, 1e10);
    expect(found?.value).toBeCloseTo(100);
    expect(found?.windows).toHaveLength(10);
    expect(found?.low).toBeCloseTo(100);
  });
  it('gives no interval for a few completions and nothing without time', () => {
    expect(rate([1, 2, 3], 0, 1e9)).toMatchObject({ value: 3, low: null, high: null });
    expect(rate([1], 5, 5)).toBeNull();
  });
});

describe('ratios', () => {
  it('of percentiles hold the ratio and widen with both samples', () => {
    const base = upTo(1000);
    const found = percentileRatio(
      base.map((x) => 2 * x),
      base,
      0.5,
    );
    expect(found?.value).toBe(2);
    expect(found?.low).toBeLessThan(2);
    expect(found?.low).toBeGreaterThan(1.7);
    expect(found?.high).toBeLessThan(2.4);
    expect(percentileRatio([], base, 0.5)).toBeNull();
  });
  it('of rates follow the spread of the windows', () => {
    const steady = { value: 10, low: null, high: null, windows: [9, 10, 11, 10] };
    const found = rateRatio({ ...steady, value: 20, windows: [18, 20, 22, 20] }, steady);
    expect(found?.value).toBe(2);
    expect(found?.low).toBeLessThan(1.85);
    expect((found?.low as number) * (found?.high as number)).toBeCloseTo(4);
  });
});

it("knows Student's points, deviation and Wilson's interval", () => {
  expect(student95(9)).toBe(2.262);
  expect(student95(60)).toBeCloseTo(2.0, 2);
  expect(deviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.138, 3);
  const { low, high } = proportion(0.9, 100);
  expect(low).toBeCloseTo(0.826, 3);
  expect(high).toBeCloseTo(0.945, 3);
  expect(proportion(1, 10).high).toBe(1);
});

describe('intervals', () => {
  it('are united without counting twice', () => {
    expect(
      unionLength([
        { begin: 5, end: 9 },
        { begin: 0, end: 6 },
        { begin: 20, end: 21 },
      ]),
    ).toBe(10);
    expect(unionLength([])).toBe(0);
  });
  it('leave a span what its children do not cover', () => {
    const span = { begin: 0, end: 100 };
    expect(
      selfIntervals(span, [
        { begin: 10, end: 30 },
        { begin: 20, end: 40 },
        { begin: 90, end: 130 },
      ]),
    ).toEqual([
      { begin: 0, end: 10 },
      { begin: 40, end: 90 },
    ]);
    expect(selfIntervals(span, [{ begin: -5, end: 200 }])).toEqual([]);
    expect(selfIntervals(span, [])).toEqual([span]);
  });
});

describe('histogram', () => {
  it('counts every value once, in equal round bins', () => {
    const values = upTo(1000);
    const { bins, beyond } = histogram(values);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0) + beyond).toBe(1000);
    expect(bins.length).toBeGreaterThanOrEqual(8);
    expect(bins.length).toBeLessThanOrEqual(61);
    const width = (bins[0]?.high ?? 0) - (bins[0]?.low ?? 0);
    expect(roundUp(width)).toBeCloseTo(width);
  });
  it('cuts a long tail and says how much is beyond', () => {
    const { bins, beyond } = histogram([...upTo(1000), 1e6, 2e6]);
    expect(beyond).toBe(2);
    expect(bins[bins.length - 1]?.high).toBeLessThan(2500);
  });
  it('takes equal values and none', () => {
    expect(histogram([3, 3, 3]).bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(3);
    expect(histogram([0, 0]).bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(2);
    expect(histogram([]).bins).toEqual([]);
  });
});
