// A figure: heading, what to see in it, picture, and below it the same data as a table, to show and
// to save. Pictures are drawn after the first paint, one by one, and again when the width, the
// colour scheme or the medium (paper) changes.
import { button, h, save, type Child } from './dom';
import { drawTable, toCsv, type Table } from './table';
import { DARK, LIGHT, type Theme } from './theme';

/** A picture that was drawn. */
export interface Drawing {
  /** A complete SVG document. */
  svg(): string;
  dispose(): void;
}

export type Draw = (box: HTMLElement, width: number, theme: Theme) => Drawing;

export interface FigureOptions {
  /** Short and unique in the page; names the saved files. */
  id: string;
  title: string;
  /** What the picture shows, in a sentence; read to those who do not see it. */
  summary: string;
  note?: Child;
  controls?: Child;
  draw: Draw;
  table: () => Table;
}

const PAPER_WIDTH = 680;

/** Draws the figures of a page and keeps them up to date. */
export class Easel {
  private readonly figures = new Map<
    HTMLElement,
    { draw: Draw; drawing: Drawing | null; width: number }
  >();
  private readonly dark = matchMedia('(prefers-color-scheme: dark)');
  private readonly observer = new ResizeObserver((entries) => this.resized(entries));
  private readonly abort = new AbortController();
  private waiting: HTMLElement[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private paper = false;

  constructor() {
    const { signal } = this.abort;
    this.dark.addEventListener('change', () => this.redraw(), { signal });
    addEventListener('beforeprint', () => this.print(true), { signal });
    addEventListener('afterprint', () => this.print(false), { signal });
  }

  get theme(): Theme {
    return this.dark.matches && !this.paper ? DARK : LIGHT;
  }

  add(box: HTMLElement, draw: Draw): void {
    this.figures.set(box, { draw, drawing: null, width: 0 });
    this.later(box);
    this.observer.observe(box);
  }

  drawing(box: HTMLElement): Drawing | null {
    return this.figures.get(box)?.drawing ?? null;
  }

  /** Draws one figure again, because what it shows has changed. */
  refresh(box: HTMLElement): void {
    this.drawOne(box);
  }

  dispose(): void {
    this.abort.abort();
    this.observer.disconnect();
    if (this.timer !== null) clearTimeout(this.timer);
    for (const figure of this.figures.values()) figure.drawing?.dispose();
    this.figures.clear();
  }

  private later(box: HTMLElement): void {
    if (!this.waiting.includes(box)) this.waiting.push(box);
    if (this.timer === null) this.timer = setTimeout(() => this.next(), 0);
  }

  /** One picture a task, so that the page answers in between. */
  private next(): void {
    this.timer = null;
    const box = this.waiting.shift();
    if (box !== undefined) this.drawOne(box);
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.next(), 0);
    else document.documentElement.dataset['drawn'] = 'true';
  }

  private drawOne(box: HTMLElement): void {
    const figure = this.figures.get(box);
    if (figure === undefined) return;
    const width = this.paper
      ? Math.min(PAPER_WIDTH, box.clientWidth || PAPER_WIDTH)
      : box.clientWidth;
    if (width === 0) return;
    figure.drawing?.dispose();
    box.replaceChildren();
    figure.width = width;
    figure.drawing = figure.draw(box, width, this.theme);
  }

  private resized(entries: readonly ResizeObserverEntry[]): void {
    if (this.paper) return;
    for (const { target } of entries) {
      const box = target as HTMLElement;
      const figure = this.figures.get(box);
      if (figure !== undefined && Math.abs(figure.width - box.clientWidth) >= 1) this.later(box);
    }
  }

  private redraw(): void {
    for (const box of this.figures.keys()) this.drawOne(box);
  }

  private print(paper: boolean): void {
    this.paper = paper;
    document.documentElement.classList.toggle('paper', paper);
    this.redraw();
  }
}

export function figure(easel: Easel, options: FigureOptions): HTMLElement {
  const { id, title, summary } = options;
  const box = h('div', { class: 'picture', role: 'img', 'aria-label': summary });
  const holder = h('div', { id: `${id}-table`, hidden: true });
  const named = { 'aria-describedby': `${id}-title` };
  const toggle = button(
    'Show table',
    () => {
      holder.hidden = !holder.hidden;
      if (!holder.hidden) holder.replaceChildren(drawTable(options.table()));
      toggle.textContent = holder.hidden ? 'Show table' : 'Hide table';
      toggle.setAttribute('aria-expanded', String(!holder.hidden));
    },
    { ...named, 'aria-expanded': 'false', 'aria-controls': `${id}-table` },
  );
  const saveSvg = button(
    'Save SVG',
    () => {
      const drawing = easel.drawing(box);
      if (drawing !== null) save(`${id}.svg`, 'image/svg+xml', drawing.svg());
    },
    named,
  );
  const saveCsv = button(
    'Save CSV',
    () => save(`${id}.csv`, 'text/csv', toCsv(options.table())),
    named,
  );
  easel.add(box, options.draw);
  return h(
    'figure',
    { id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'figure-head' },
      h('h3', { id: `${id}-title` }, title),
      h('div', { class: 'tools' }, toggle, saveSvg, saveCsv),
    ),
    h('p', { class: 'summary' }, summary),
    options.controls,
    box,
    options.note ? h('figcaption', {}, options.note) : null,
    holder,
  );
}

/** A table that is always shown, with its CSV. */
export function tableFigure(
  id: string,
  title: string,
  table: Table,
  note: Child = null,
): HTMLElement {
  const saveCsv = button('Save CSV', () => save(`${id}.csv`, 'text/csv', toCsv(table)), {
    'aria-describedby': `${id}-title`,
  });
  return h(
    'figure',
    { id, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'figure-head' },
      h('h3', { id: `${id}-title` }, title),
      h('div', { class: 'tools' }, saveCsv),
    ),
    drawTable(table),
    note ? h('figcaption', {}, note) : null,
  );
}
