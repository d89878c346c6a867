// Stages in bars and in numbers, and the steps of the models in them.
import type { Analysis, Step } from '../analysis';
import { drawStages, MOST_STAGES } from '../charts/stages';
import { h } from '../dom';
import { figure, tableFigure, type Easel } from '../figure';
import { ms, percent, plural, significant } from '../format';
import { KINDS } from '../records';
import type { Cell, Column, Table } from '../table';
import { KIND_NAMES } from '../theme';
import type { Percentile } from '../stats';

/** Steps shown in the page; the CSV has all. */
const MOST_STEPS = 1000;

function ranged(percentile: Percentile | null): Cell[] {
  if (percentile === null) return [null, null, null];
  const end = (ns: number | null): number | null => (ns === null ? null : ms(ns));
  return [ms(percentile.value), end(percentile.low), end(percentile.high)];
}

export function stageTable(analysis: Analysis): Table {
  const kinds = KINDS.filter(
    (kind) => kind !== 'wait' && analysis.stages.some((stage) => stage.self[kind] > 0),
  );
  const frames = Math.max(1, analysis.frames.length);
  const total = analysis.work;
  const columns: Column[] = [
    { title: 'stage', type: 'text' },
    { title: 'replicas', type: 'count' },
    { title: 'items', type: 'count' },
    ...kinds.map((kind): Column => ({ title: KIND_NAMES[kind], unit: 'ms/frame', type: 'number' })),
    { title: 'share of work', type: percent, bar: true },
    { title: 'waiting', unit: 'ms/frame', type: 'number' },
    ...['p50', 'p90', 'p99'].flatMap((name): Column[] => [
      { title: name, unit: 'ms', type: 'number' },
      ...['low', 'high'].map((end): Column => ({
        title: `${name} ${end}`,
        unit: 'ms',
        type: 'number',
        under: true,
      })),
    ]),
    { title: 'busy', type: percent },
    { title: 'CPU', unit: 'of all cores', type: percent },
  ];
  const cpuTime = (analysis.cores ?? 0) * (analysis.end - analysis.begin);
  const rows = analysis.stages.map((stage): Cell[] => [
    stage.label,
    stage.replicas,
    stage.items,
    ...kinds.map((kind) => ms(stage.self[kind] / frames)),
    total > 0 ? stage.work / total : null,
    ms(stage.self.wait / frames),
    ...ranged(stage.p50),
    ...ranged(stage.p90),
    ...ranged(stage.p99),
    stage.busy,
    stage.cpuNs === null || cpuTime <= 0 ? null : stage.cpuNs / cpuTime,
  ]);
  return { caption: 'Stages', columns, rows };
}

export function stagesSection(easel: Easel, analysis: Analysis): HTMLElement | null {
  if (analysis.stages.length === 0 || analysis.profile) return null;
  const [first] = [...analysis.stages].sort((a, b) => b.work - a.work);
  const bucketed = analysis.stages.some((stage) => stage.bucketed);
  return h(
    'section',
    { id: 'stages', 'aria-labelledby': 'stages-heading' },
    h('h2', { id: 'stages-heading' }, 'Stages'),
    figure(easel, {
      id: 'stage-bars',
      title: 'Time by kind',
      summary:
        first === undefined || analysis.work <= 0
          ? 'No work was recorded.'
          : `Most work is in '${first.label}': ${percent(first.work / analysis.work)} of it, ` +
            `${significant(ms(first.work / Math.max(1, analysis.frames.length)))} ms a frame.`,
      note:
        'Times are self times: a span less its children. Waiting (queues, locks) is shown ' +
        'beside work, never in it.' +
        (analysis.stages.length > MOST_STAGES
          ? ` The first ${MOST_STAGES} of ${analysis.stages.length} stages are drawn; the table ` +
            `has all.`
          : ''),
      draw: (box, width, theme) => drawStages(box, width, theme, analysis),
      table: () => stageTable(analysis),
    }),
    tableFigure(
      'stage-table',
      'Stages in numbers',
      stageTable(analysis),
      'Percentiles are of one piece of work in the stage, without its waiting; under each its ' +
        '95 % confidence interval, ' +
        'with ? where the count is too small to bound it. Busy: share of the time in which a ' +
        'replica was at work, by the ' +
        'clock on the wall. CPU: processor time but for waiting, over all cores.' +
        (bucketed
          ? ' Some stages kept a histogram only: their percentiles are the upper ends of buckets.'
          : ''),
    ),
  );
}

export function stepTable(steps: readonly Step[], stated: boolean): Table {
  const ops = steps.some((step) => step.ops !== null);
  const bytes = steps.some((step) => step.bytes !== null);
  let sum = 0;
  return {
    caption: 'Steps by time',
    columns: [
      { title: 'step', type: 'text' },
      ...(stated ? [] : [{ title: 'kind', type: 'text' } as Column]),
      { title: 'runs', type: 'count' },
      { title: 'mean', unit: 'ms', type: 'number' },
      { title: 'p50', unit: 'ms', type: 'number' },
      { title: 'p99', unit: 'ms', type: 'number' },
      { title: 'share', type: percent, bar: true },
      { title: 'so far', type: percent },
      ...(ops ? [{ title: 'GFLOP/s', type: 'number' } as Column] : []),
      ...(bytes ? [{ title: 'GB/s', type: 'number' } as Column] : []),
    ],
    rows: steps.map((step) => {
      sum += step.share;
      const rate = (amount: number | null): number | null =>
        amount === null || step.total <= 0 ? null : amount / step.total;
      return [
        step.where,
        ...(stated ? [] : [KIND_NAMES[step.kind]]),
        step.count,
        ms(step.total / step.count),
        ms(step.p50.value),
        ms(step.p99.value),
        step.share,
        sum,
        ...(ops ? [rate(step.ops)] : []),
        ...(bytes ? [rate(step.bytes)] : []),
      ];
    }),
  };
}

export function stepsSection(analysis: Analysis): HTMLElement | null {
  if (analysis.steps.length === 0) return null;
  const shown = analysis.steps.slice(0, MOST_STEPS);
  const ai = shown.every((step) => step.kind === 'ai');
  return h(
    'section',
    { id: 'steps', 'aria-labelledby': 'steps-heading' },
    h('h2', { id: 'steps-heading' }, 'Steps of the model'),
    tableFigure(
      'step-table',
      `${plural(analysis.steps.length, 'step')}, slowest first`,
      stepTable(shown, ai),
      'Self times of each step over all its runs. "So far" adds the shares from the top.' +
        (shown.length < analysis.steps.length ? ` The first ${MOST_STEPS} are shown.` : ''),
    ),
  );
}
