// What stands below the pictures: quality, samples over time, events, machine and command.
import type { Analysis } from '../analysis';
import { drawSamples, MOST_PLACES } from '../charts/samples';
import { h } from '../dom';
import { figure, tableFigure, type Easel } from '../figure';
import { plural, significant } from '../format';
import type { Fields, Quality } from '../records';
import { proportion } from '../stats';
import type { Cell } from '../table';

function verdict(quality: Quality): string {
  if (quality.target === null) return 'no target';
  const met =
    quality.better === 'higher' ? quality.value >= quality.target : quality.value <= quality.target;
  return met ? '✓ met' : '✗ missed';
}

function interval({ value, count }: Quality): Cell[] {
  if (count === null || count < 1 || value < 0 || value > 1) return [null, null];
  const { low, high } = proportion(value, count);
  return [low, high];
}

export function qualitySection(analysis: Analysis): HTMLElement | null {
  const { quality } = analysis;
  if (quality.length === 0) return null;
  const missed = quality.filter((one) => verdict(one).startsWith('✗')).length;
  const targets = quality.filter((one) => one.target !== null).length;
  return h(
    'section',
    { id: 'quality', 'aria-labelledby': 'quality-heading' },
    h('h2', { id: 'quality-heading' }, 'Quality'),
    h(
      'p',
      { class: 'summary' },
      targets === 0
        ? 'No targets are set.'
        : missed === 0
          ? `All ${plural(targets, 'target')} are met.`
          : `${missed} of ${plural(targets, 'target')} missed.`,
    ),
    tableFigure(
      'quality-table',
      'Figures and targets',
      {
        caption: 'Quality figures',
        columns: [
          { title: 'figure', type: 'text' },
          { title: 'value', type: 'number' },
          { title: 'low', type: 'number', under: true },
          { title: 'high', type: 'number', under: true },
          { title: 'count', type: 'count' },
          { title: 'target', type: 'text' },
          { title: 'verdict', type: 'text' },
        ],
        rows: quality.map((one) => [
          one.what.replace(/_/g, ' '),
          one.value,
          ...interval(one),
          one.count,
          one.target === null
            ? '–'
            : `${one.better === 'higher' ? 'at least' : 'at most'} ${significant(one.target)}`,
          verdict(one),
        ]),
      },
      "Under each value its 95 % interval (Wilson's, for shares of independent trials).",
    ),
  );
}

export function samplesSection(easel: Easel, analysis: Analysis): HTMLElement | null {
  const { samples } = analysis.run;
  if (samples.length === 0) return null;
  const whats = [...new Set(samples.map((sample) => sample.what))];
  let what = whats[0] as string;
  const chosen = () => samples.filter((sample) => sample.what === what);
  const select = h(
    'select',
    { id: 'sample-what' },
    ...whats.map((name) => h('option', { value: name }, name)),
  );
  select.addEventListener('change', () => {
    what = select.value;
    const box = section.querySelector<HTMLElement>('.picture');
    if (box !== null) easel.refresh(box);
  });
  const section = h(
    'section',
    { id: 'samples', 'aria-labelledby': 'samples-heading' },
    h('h2', { id: 'samples-heading' }, 'Over time'),
    figure(easel, {
      id: 'sample-lines',
      title: 'Samples',
      summary:
        `${plural(samples.length, 'sample')} of ` +
        `${plural(whats.length, 'quantity', 'quantities')}, a strip for each place, all on one scale.`,
      controls: h(
        'div',
        { class: 'tools' },
        h('label', { for: 'sample-what' }, 'Quantity '),
        select,
      ),
      note:
        'Long series are thinned; the least and the greatest of each stretch stay.' +
        (new Set(samples.map((sample) => sample.what + sample.where)).size > MOST_PLACES
          ? ` At most ${MOST_PLACES} places are drawn; the table has all.`
          : ''),
      draw: (box, width, theme) => drawSamples(box, width, theme, what, chosen()),
      table: () => ({
        caption: `Samples of ${what}`,
        head: 1,
        columns: [
          { title: 'time', unit: 's', type: 'number' },
          { title: 'where', type: 'text' },
          { title: what, unit: chosen()[0]?.unit || undefined, type: 'number' },
        ],
        rows: chosen().map((sample) => [sample.at / 1e9, sample.where, sample.value]),
      }),
    }),
  );
  return section;
}

export function eventsSection(analysis: Analysis): HTMLElement | null {
  const { events } = analysis.run;
  if (events.length === 0) return null;
  const groups = new Map<
    string,
    { what: string; where: string; why: string; count: number; first: number }
  >();
  for (const { what, where, why, at } of events) {
    const key = JSON.stringify([what, where, why]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { what, where, why, count: 1, first: at });
    else {
      group.count++;
      group.first = Math.min(group.first, at);
    }
  }
  const rows = [...groups.values()].sort((a, b) => b.count - a.count).slice(0, 200);
  return h(
    'section',
    { id: 'events', 'aria-labelledby': 'events-heading' },
    h('h2', { id: 'events-heading' }, 'Events'),
    tableFigure(
      'event-table',
      plural(events.length, 'event'),
      {
        caption: 'Events',
        columns: [
          { title: 'what', type: 'text' },
          { title: 'where', type: 'text' },
          { title: 'why', type: 'text' },
          { title: 'count', type: 'count' },
          { title: 'first at', unit: 's', type: 'number' },
        ],
        rows: rows.map((row) => [row.what, row.where, row.why, row.count, row.first / 1e9]),
      },
      groups.size > rows.length
        ? `The ${rows.length} most frequent of ${groups.size} are shown.`
        : null,
    ),
  );
}

function flat(fields: Fields, prefix = ''): [string, string][] {
  return Object.entries(fields).flatMap(([key, value]): [string, string][] => {
    const name = prefix + key.replace(/_/g, ' ');
    if (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      prefix.length < 60
    ) {
      return flat(value as Fields, `${name}, `);
    }
    if (typeof value === 'number')
      return [
        [name, Number.isInteger(value) && value < 1e5 ? String(value) : significant(value, 4)],
      ];
    if (typeof value === 'boolean') return [[name, value ? 'yes' : 'no']];
    return value === null || value === ''
      ? []
      : [[name, Array.isArray(value) ? value.map(String).join(', ') : String(value)]];
  });
}

function facts(title: string, pairs: [string, string][]): HTMLElement | null {
  if (pairs.length === 0) return null;
  return h(
    'div',
    {},
    h('h3', {}, title),
    h(
      'dl',
      { class: 'facts' },
      ...pairs.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
  );
}

/** Quotes an argument as a POSIX shell wants it. */
export function shellQuote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replace(/'/g, "'\\''")}'`;
}

export function machineSection(analysis: Analysis): HTMLElement {
  const { header } = analysis.run;
  const about: Fields = { run: header.id, started: header.started, commit: header.commit };
  return h(
    'section',
    { id: 'machine', 'aria-labelledby': 'machine-heading' },
    h('h2', { id: 'machine-heading' }, 'Machine and command'),
    header.command.length > 0 &&
      h(
        'pre',
        { class: 'command', tabindex: 0, role: 'region', 'aria-label': 'Command' },
        h('code', {}, header.command.map(shellQuote).join(' ')),
      ),
    h(
      'div',
      { class: 'columns' },
      facts('Run', flat(about)),
      facts('Machine', flat(header.machine)),
      facts('Settings', flat(header.settings)),
      facts('Measured limits', flat(header.limits)),
    ),
  );
}
