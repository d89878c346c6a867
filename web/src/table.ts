// Tables: drawn with numbers aligned on the decimal point, saved as CSV with every digit.
import { h } from './dom';
import { decimals, significant, whole } from './format';

export type Cell = string | number | null;

export interface Column {
  title: string;
  unit?: string;
  /**
   * Counts are printed exactly, numbers with three significant digits; a function prints its own
   * way.
   */
  type: 'text' | 'count' | 'number' | ((value: number) => string);
  /** An end of an interval: printed small under the cell before, a column of its own in the CSV. */
  under?: boolean;
  /** Draws the value behind the number as a bar from the right; the column's greatest is full. */
  bar?: boolean;
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
  return h(
    'span',
    { class: 'pad', 'aria-hidden': 'true' },
    (point ? '.' : '') + '0'.repeat(missing),
  );
}

/** A column with the ends of intervals that are printed under it. */
interface Shown {
  column: Column;
  index: number;
  under: number[];
}

function shownColumns(columns: readonly Column[]): Shown[] {
  const shown: Shown[] = [];
  columns.forEach((column, index) => {
    if (column.under) shown[shown.length - 1]?.under.push(index);
    else shown.push({ column, index, under: [] });
  });
  return shown;
}

function drawHead({ column }: Shown): HTMLElement {
  return h(
    'th',
    { scope: 'col', class: column.type === 'text' ? null : 'number' },
    column.title,
    column.unit ? h('span', { class: 'unit' }, ` ${column.unit}`) : null,
  );
}

function underText(table: Table, row: readonly Cell[], shown: Shown): HTMLElement | null {
  if (shown.under.every((i) => (row[i] ?? null) === null)) return null;
  const ends = shown.under.map((i) =>
    row[i] === null ? '?' : print(table.columns[i] as Column, row[i] as Cell),
  );
  return h('span', { class: 'detail' }, ends.join(' – '));
}

export function drawTable(table: Table): HTMLElement {
  const { columns, rows } = table;
  const shown = shownColumns(columns);
  const places = columns.map((column, i) =>
    column.type === 'count' || column.type === 'number'
      ? Math.max(0, ...rows.map((row) => decimals(print(column, row[i] ?? null))))
      : 0,
  );
  const greatest = columns.map((column, i) =>
    column.bar ? Math.max(...rows.map((row) => (typeof row[i] === 'number' ? row[i] : 0))) : 0,
  );
  const drawCell = (row: readonly Cell[], one: Shown): HTMLElement => {
    const { column, index } = one;
    const value = row[index] ?? null;
    const text = print(column, value);
    const have = decimals(text);
    const aligned = column.type !== 'text' && /\d$/.test(text);
    const pad = aligned ? padding((places[index] as number) - have, have === 0) : null;
    const classes = [column.type !== 'text' && 'number', value === 0 && 'zero', column.bar && 'bar']
      .filter(Boolean)
      .join(' ');
    if (index === (table.head ?? 0))
      return h(
        'th',
        { scope: 'row', class: classes || null, title: text.length > 40 && text },
        text,
        pad,
      );
    const cell = h('td', { class: classes || null }, text, pad, underText(table, row, one));
    if (column.bar && typeof value === 'number' && (greatest[index] as number) > 0) {
      cell.style.backgroundSize = `${(100 * value) / (greatest[index] as number)}% 100%`;
    }
    return cell;
  };
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': table.caption },
    h(
      'table',
      {},
      h('caption', {}, table.caption),
      h('thead', {}, h('tr', {}, ...shown.map(drawHead))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...shown.map((one) => drawCell(row, one))))),
    ),
  );
}

/** RFC 4180. Texts that a spreadsheet would run as a formula get an apostrophe in front. */
export function toCsv(table: Table): string {
  const quote = (text: string): string =>
    /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  const cell = (value: Cell): string => {
    if (value === null) return '';
    if (typeof value === 'number')
      return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
    return quote(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
  };
  const titles = table.columns.map((c) => quote(c.unit ? `${c.title} (${c.unit})` : c.title));
  return (
    [titles.join(','), ...table.rows.map((row) => row.map(cell).join(','))].join('\r\n') + '\r\n'
  );
}
