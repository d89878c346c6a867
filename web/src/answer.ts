// The answer first, in words.
import type { Analysis } from './analysis';
import { duration, listing, percent, plural, significant, whole } from './format';
import { speedups, type Finding } from './forecast';
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

export function answer(analysis: Analysis, finding: Finding | null): Sentence[] {
  if (analysis.profile) return profileAnswer(analysis);
  const sentences = [speed(analysis), share(analysis), latency(analysis)];
  if (finding !== null) sentences.push(limit(analysis, finding), faster(analysis, finding));
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
  if (p50.count === 1) return ['The one frame was done ', [duration(p50.value)], ' after it arrived.'];
  return [
    'Half of ',
    `${plural(p50.count, 'frame')} were done within `,
    [duration(p50.value)],
    ' after they arrived, 99\u00a0% within ',
    [duration(p99.value)],
    '.',
  ];
}

function limit(analysis: Analysis, finding: Finding): Sentence {
  const { stage } = finding;
  const name = stageName(analysis, stage.id);
  const busy = percent(Math.min(1, stage.busy));
  const processor = percent(analysis.cpuUse ?? 0);
  switch (finding.cause) {
    case 'few':
      return [
        `${plural(analysis.frames.length, 'frame')}: `,
        ['too few to tell'],
        ' what limits the throughput.',
      ];
    case 'processor':
      return [
        ['The processor is the limit'],
        `: its cores are at work ${processor} of the time. More replicas would not help; less ` +
          `work would, first of all in ${mostProcessorTime(analysis)}.`,
      ];
    case 'source':
      return [
        ['The source sets the pace'],
        `: the busiest stage, ${name}, is at work ${busy} of the time.`,
      ];
    case 'unknown':
      return [
        ['No stage is at its limit'],
        `: the busiest, ${name}, is at work ${busy} of the time` +
          (analysis.cpuUse === null ? '.' : `, the processor ${processor}.`),
      ];
    case 'stage':
      return [[`${name} is the bottleneck`], `: it is at work ${busy} of the time.`, ...oneMore(analysis, finding)];
  }
}

/** What one more replica could bring; nothing where the stage can have no other. */
function oneMore(analysis: Analysis, { stage, more }: Finding): Sentence {
  if (more === null) return [];
  const least = 1.05 * (analysis.throughput?.value ?? 0);
  const next = stageName(analysis, more.name);
  if (more.fps < least) return [` One more replica of it would gain nothing: ${next} is as full.`];
  return [
    ' One more replica of it could give at most ',
    [`${significant(more.fps)}\u00a0frames/s`],
    more.name === stage.id ? '.' : `; then ${next} is the limit.`,
  ];
}

function mostProcessorTime(analysis: Analysis): string {
  const most = analysis.stages.reduce((a, b) => ((b.cpuNs ?? 0) > (a.cpuNs ?? 0) ? b : a));
  const part = percent((most.cpuNs ?? 0) / (analysis.cpuNs ?? 1));
  return `${stageName(analysis, most.id)} with ${part} of it`;
}

/** Throughput follows only where it is work that limits it. */
function faster(analysis: Analysis, { cause }: Finding): Sentence {
  const eight = speedups(analysis)?.find((point) => point.factor === 8);
  if (eight === undefined || cause === 'few') return [];
  const gains = [`${significant(eight.work)}\u00a0× for a frame's own work`];
  const { throughput } = eight;
  if (throughput !== null && (cause === 'stage' || cause === 'processor'))
    gains.unshift(`${significant(throughput)}\u00a0× the throughput`);
  return [`Networks 8\u00a0× as fast would give at most ${listing(gains)}.`];
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
