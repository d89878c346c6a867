// The answer first, in words.
import type { Analysis } from './analysis';
import { duration, listing, percent, plural, significant, whole } from './format';
import { speedups, type Bottleneck } from './forecast';
import { mean, percentile, type Estimate } from './stats';

/** A sentence in parts; those in an array are what matters. */
export type Sentence = (string | [string])[];

export function between(estimate: Estimate, print = significant): string {
  if (estimate.low === null && estimate.high === null) return '';
  if (estimate.high === null) return `at least ${print(estimate.low as number)}`;
  if (estimate.low === null) return `at most ${print(estimate.high)}`;
  return `${print(estimate.low)} to ${print(estimate.high)}`;
}

function stageName(analysis: Analysis, id: string): string {
  return id === 'processor'
    ? 'the processor'
    : `'${analysis.stages.find((s) => s.id === id)?.label ?? id}'`;
}

export function answer(analysis: Analysis, bottleneck: Bottleneck | null): Sentence[] {
  if (analysis.profile) return profileAnswer(analysis);
  const sentences = [speed(analysis), share(analysis), latency(analysis)];
  if (bottleneck !== null) sentences.push(limit(analysis, bottleneck));
  sentences.push(faster(analysis));
  return sentences.filter((sentence) => sentence.length > 0);
}

function speed({ throughput, sourceFps }: Analysis): Sentence {
  if (throughput === null) return [];
  const range = between(throughput);
  const real: Sentence =
    sourceFps === null
      ? []
      : [
          ', ',
          [`${significant(throughput.value / sourceFps)}\u00a0× real time`],
          ` of a source with ${significant(sourceFps)}\u00a0frames/s`,
        ];
  return [
    [`${significant(throughput.value)}\u00a0frames/s`],
    range ? ` (95\u00a0% interval ${range})` : '',
    ...real,
    '.',
  ];
}

function share({ aiShare, work, kinds, frames }: Analysis): Sentence {
  if (aiShare === null) return [];
  if (kinds.ai === 0) return ['No network ran in this time.'];
  const rest: Sentence =
    frames.length === 0
      ? []
      : ['; the rest is the AI tax, ', [`${duration((work - kinds.ai) / frames.length)} a frame`]];
  return [[`${percent(aiShare)} of the work is AI`], ...rest, '.'];
}

function latency({ latencies }: Analysis): Sentence {
  const p50 = percentile(latencies, 0.5);
  const p99 = percentile(latencies, 0.99);
  if (p50 === null || p99 === null) return [];
  return [
    'Half of ',
    `${plural(p50.count, 'frame')} took at most `,
    [duration(p50.value)],
    ', 99\u00a0% at most ',
    [duration(p99.value)],
    ' from due to done.',
  ];
}

function limit(analysis: Analysis, { stage, more, next, cause }: Bottleneck): Sentence {
  const name = stageName(analysis, stage.id);
  const busy = percent(Math.min(1, stage.busy));
  const now = analysis.throughput?.value ?? 0;
  if (cause === 'processor') {
    return [
      ['The processor is the limit'],
      `: ${percent(analysis.cpuUse ?? 0)} of it is in use. ` +
        `One more replica of ${name}, the busiest stage (${busy}), would give `,
      [more < 1.02 * now ? 'nothing' : `at most ${significant(more)}\u00a0frames/s`],
      '.',
    ];
  }
  if (cause === 'source') {
    return [
      ['The source sets the pace'],
      `: the busiest stage, ${name}, is at work ${busy} of the time.`,
    ];
  }
  if (more < 1.02 * now) {
    return [
      [`${name} is the bottleneck`],
      ` (busy ${busy}), yet one more replica of it would give nothing: ` +
        `${stageName(analysis, next.name)} would hold it at ${significant(next.fps)}\u00a0frames/s.`,
    ];
  }
  const then =
    next.name === stage.id
      ? 'it would still be the slowest'
      : `then ${stageName(analysis, next.name)} is the limit`;
  return [
    [`${name} is the bottleneck`],
    ` (busy ${busy}): one more replica of it would give up to `,
    [`${significant(more)}\u00a0frames/s`],
    `; ${then}.`,
  ];
}

function faster(analysis: Analysis): Sentence {
  const curve = speedups(analysis);
  const eight = curve?.find((point) => point.factor === 8);
  if (eight === undefined) return [];
  const gains = [`${significant(eight.work)}\u00a0× for a frame's own work`];
  const { throughput } = eight;
  if (throughput !== null) gains.unshift(`${significant(throughput)}\u00a0× the throughput`);
  return [`Networks 8\u00a0× as fast would give ${listing(gains)}.`];
}

function profileAnswer(analysis: Analysis): Sentence[] {
  const { steps, latencies, frames } = analysis;
  const all = steps.reduce((sum, step) => sum + step.total, 0);
  const p50 = percentile(latencies, 0.5);
  const p99 = percentile(latencies, 0.99);
  const sentences: Sentence[] = [];
  if (p50 !== null && p99 !== null) {
    sentences.push([
      'One run of the model takes ',
      [duration(p50.value)],
      ` (median of ${whole(p50.count)}; ` + `99\u00a0% are within ${duration(p99.value)}).`,
    ]);
  }
  const top = steps.slice(0, Math.min(5, steps.length));
  const share = top.reduce((sum, step) => sum + step.share, 0);
  if (steps.length > top.length) {
    sentences.push([
      `${plural(top.length, 'step')} of ${whole(steps.length)} `,
      [`take ${percent(share)} of the time`],
      `, first of all '${top[0]?.where ?? ''}' with ${percent(top[0]?.share ?? 0)}.`,
    ]);
  }
  const ops = steps.reduce((sum, step) => sum + (step.ops ?? 0), 0);
  if (ops > 0 && all > 0)
    sentences.push([`It computes at `, [`${significant(ops / all)} GFLOP/s`], ' over all steps.']);
  if (frames.length > 0 && mean(latencies) > all / frames.length) {
    sentences.push([`Steps cover ${percent(all / frames.length / mean(latencies))} of a run.`]);
  }
  return sentences;
}
