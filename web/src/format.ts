// Numbers and names as people read them: three significant digits, thousands separated.

const MINUS = '−';
/** Keeps a number and its unit on one line. */
export const GLUE = '\u00a0';

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const separated = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}

/** Three significant digits: 1234.5 is 1,230 and 0.012345 is 0.0123. */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value))
    return value === Infinity ? '∞' : value === -Infinity ? `${MINUS}∞` : '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : '';
  if (size >= 1e15 || size < 1e-6) return sign + size.toExponential(digits - 1);
  const exponent = Math.floor(Math.log10(Number(size.toPrecision(digits))));
  const rounded = Number(size.toPrecision(digits));
  return sign + grouped(rounded.toFixed(Math.max(0, digits - 1 - exponent)));
}

/** A count, exact. */
export function whole(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? (value < 0 ? MINUS : '') + grouped(Math.abs(value).toFixed(0))
    : significant(value);
}

/** A share as a percentage with one decimal: 0.6213 is 62.1 %. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${grouped((share * 100).toFixed(1))}${GLUE}%` : '–';
}

/** Nanoseconds in the unit that fits, for prose. */
export function duration(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${significant(ns)}${GLUE}ns`;
  if (size < 1e6) return `${significant(ns / 1e3)}${GLUE}µs`;
  if (size < 0.9995e9) return `${significant(ns / 1e6)}${GLUE}ms`;
  return `${significant(ns / 1e9)}${GLUE}s`;
}

/** Two durations in one unit: 192 to 194 ms. */
export function durations(low: number, high: number): string {
  const [a = '', unitA] = duration(low).split(GLUE);
  const [b = '', unitB] = duration(high).split(GLUE);
  return unitA === unitB
    ? `${a} to ${b}${GLUE}${unitB}`
    : `${a}${GLUE}${unitA} to ${b}${GLUE}${unitB}`;
}

export const ms = (ns: number): number => ns / 1e6;

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)}${GLUE}${count === 1 ? one : many}`;
}

export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(1, length - 1))}…`;
}

/** a, b and c. */
export function listing(parts: readonly string[]): string {
  return parts.length < 2
    ? parts.join('')
    : `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`;
}

/** Splits a printed number around its decimal point, so that a column can be aligned on it. */
export function decimals(text: string): number {
  const point = text.match(/\.(\d+)/);
  return point === null ? 0 : (point[1] as string).length;
}
