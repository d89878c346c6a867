// Tables: drawn with numbers aligned on the decimal point, saved as CSV with every digit.
import { h } from './dom';
import { decimals, significant, whole } from './format';

export type Cell = string | number | null;

export interface Column {
  title: string;
  unit?: string;
  /** Counts are printed exactly, numbers with three significant digits; a function prints its own way. */
  type: 'text' | 'count' | 'number' | ((value: number) => string);
}

export interface Table {
  caption: string;
  columns: Column[];
  rows: Cell[][];
  /** The column whose cells name their rows; the first unless said. */
  head?: number;
}

function print(column: Column, value: Cell): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  if (typeof column.type === 'function') return column.type(value);
  return column.type === 'count' ? whole(value) : significant(value);
}

/** Digits that other cells of the column have behind the point; taken up, not seen, not copied. */
function padding(missing: number, point: boolean): HTMLElement | null {
  if (missing <= 0) return null;
  return h('span', { class: 'pad', 'aria-hidden': 'true' }, (point ? '.' : '') + '0'.repeat(missing));
}

export function drawTable(table: Table): HTMLElement {
  const { columns, rows } = table;
  const numeric = columns.map((column) => column.type !== 'text');
  const texts = rows.map((row) => columns.map((column, i) => print(column, row[i] ?? null)));
  const places = columns.map((column, i) =>
    typeof column.type === 'function' ? 0 : Math.max(0, ...texts.map((row) => decimals(row[i] as string))));
  const head = h('tr', {}, ...columns.map((column, i) =>
    h('th', { scope: 'col', class: numeric[i] ? 'number' : null }, column.title,
      column.unit ? h('span', { class: 'unit' }, ` ${column.unit}`) : null)));
  const body = texts.map((row) => h('tr', {}, ...row.map((text, i) => {
    const have = decimals(text);
    const pad = numeric[i] && /\d$/.test(text) ? padding((places[i] as number) - have, have === 0) : null;
    return i === (table.head ?? 0)
      ? h('th', { scope: 'row', class: numeric[i] ? 'number' : null }, text, pad)
      : h('td', { class: numeric[i] ? 'number' : null }, text, pad);
  })));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': table.caption },
    h('table', {}, h('caption', {}, table.caption), h('thead', {}, head), h('tbody', {}, ...body)));
}

/** RFC 4180. Texts that a spreadsheet would run as a formula get an apostrophe in front. */
export function toCsv(table: Table): string {
  const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const cell = (value: Cell): string => {
    if (value === null) return '';
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
    return quote(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
  };
  const titles = table.columns.map((c) => quote(c.unit ? `${c.title} (${c.unit})` : c.title));
  return [titles.join(','), ...table.rows.map((row) => row.map(cell).join(','))].join('\r\n') + '\r\n';
}
