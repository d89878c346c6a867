// Several runs side by side: each figure of a later run as a ratio to the first, with its interval.
import { positive, type Analysis } from '../analysis';
import { between } from '../answer';
import { drawRatios, type Ratio } from '../charts/ratios';
import { h } from '../dom';
import { figure, tableFigure, type Easel } from '../figure';
import { ms, percent, plural, shorten, significant } from '../format';
import { percentile, percentileRatio, rateRatio } from '../stats';
import type { Cell } from '../table';

export function runName(analysis: Analysis, index: number): string {
  const { header } = analysis.run;
  const settings = Object.entries(header.settings)
    .filter(
      ([key, value]) =>
        ['precision', 'threads', 'batch', 'isa'].includes(key) &&
        value !== null &&
        typeof value !== 'object',
    )
    .map(([key, value]) =>
      typeof value === 'number' && positive(value) ? `${key} ${value}` : String(value),
    );
  return shorten([`${index + 1}: ${header.id || 'run'}`, ...settings].join(', '), 60);
}

function ratios(runs: readonly Analysis[]): Ratio[] {
  const [base, ...others] = runs;
  if (base === undefined) return [];
  return others.flatMap((other, i) => {
    const name = others.length > 1 ? `, run ${i + 2}` : '';
    const found: Ratio[] = [];
    if (base.throughput !== null && other.throughput !== null && !base.profile) {
      const ratio = rateRatio(other.throughput, base.throughput);
      if (ratio !== null) found.push({ name: `throughput${name}`, ratio });
    }
    for (const p of [0.5, 0.99]) {
      const ratio = percentileRatio(other.latencies, base.latencies, p);
      if (ratio !== null) found.push({ name: `latency p${p * 100}${name}`, ratio });
    }
    return found;
  });
}

export function compareSection(easel: Easel, runs: readonly Analysis[]): HTMLElement | null {
  if (runs.length < 2) return null;
  const found = ratios(runs);
  const clear = found.filter(({ ratio }) => (ratio.low ?? 0) > 1 || (ratio.high ?? Infinity) < 1);
  return h(
    'section',
    { id: 'compare', 'aria-labelledby': 'compare-heading' },
    h('h2', { id: 'compare-heading' }, 'Runs side by side'),
    found.length > 0 &&
      figure(easel, {
        id: 'ratios',
        title: 'Ratio to the first run',
        summary:
          clear.length === 0
            ? 'No difference is beyond what chance can give: every interval holds 1.'
            : `${plural(clear.length, 'difference')} beyond chance: ` +
              clear
                .map(
                  ({ name, ratio }) => `${name} ${significant(ratio.value)}× (${between(ratio)})`,
                )
                .join('; ') +
              '.',
        note:
          'Whiskers are intervals with at least 95 %: of percentiles from order statistics ' +
          'of both runs, of throughput from ten windows of each.',
        draw: (box, width, theme) => drawRatios(box, width, theme, found),
        table: () => ({
          caption: 'Ratios to the first run',
          columns: [
            { title: 'figure', type: 'text' },
            { title: 'ratio', unit: '×', type: 'number' },
            { title: 'low', unit: '×', type: 'number' },
            { title: 'high', unit: '×', type: 'number' },
          ],
          rows: found.map(({ name, ratio }): Cell[] => [name, ratio.value, ratio.low, ratio.high]),
        }),
      }),
    tableFigure('run-table', plural(runs.length, 'run'), {
      caption: 'All runs',
      columns: [
        { title: 'run', type: 'text' },
        { title: 'frames', type: 'count' },
        { title: 'throughput', unit: '/s', type: 'number' },
        { title: 'latency p50', unit: 'ms', type: 'number' },
        { title: 'latency p99', unit: 'ms', type: 'number' },
        { title: 'AI share', type: percent },
        { title: 'processor', type: percent },
      ],
      rows: runs.map((run, i) => {
        const at = (p: number): number | null => {
          const found = percentile(run.latencies, p);
          return found === null ? null : ms(found.value);
        };
        return [
          runName(run, i),
          run.frames.length,
          run.throughput?.value ?? null,
          at(0.5),
          at(0.99),
          run.aiShare,
          run.cpuUse,
        ];
      }),
    }),
  );
}
