// What limits throughput, as far as the records tell, and what they say would happen with one more
// replica of a stage and with a faster AI part (Amdahl). Bounds of operational analysis: a stage with m replicas and D
// seconds of work a frame does at most m / D frames a second, the processor at most cores / CPU
// seconds a frame.
import type { Analysis, Stage } from './analysis';
import { mean } from './stats';

export interface Limit {
  /** A stage's id; 'processor' for all cores together. */
  name: string;
  fps: number;
}

/**
 * The processor counts as full from this share on: the rest goes to the system and to start and
 * end.
 */
export const FULL = 0.9;
/** A stage less busy than this holds nobody up. */
export const BUSY = 0.7;
/** From fewer frames than this, start and end of the run say more than the frames. */
export const FEW = 30;

export interface Finding {
  /** The stage whose replicas are at work the largest share of the time. */
  stage: Stage;
  /** What holds the throughput in this run; 'unknown' when nothing that was measured is at its limit. */
  cause: 'stage' | 'processor' | 'source' | 'few' | 'unknown';
  /** With one more replica of that stage: the most frames per second. Null where it can have none. */
  more: Limit | null;
}

function processorLimit(analysis: Analysis, cpuNs = analysis.cpuNs): Limit | null {
  if (cpuNs === null || analysis.cores === null || cpuNs <= 0) return null;
  return { name: 'processor', fps: (analysis.cores * analysis.frames.length) / (cpuNs / 1e9) };
}

function lowest(limits: readonly (Limit | null)[]): Limit | null {
  let least: Limit | null = null;
  for (const limit of limits)
    if (limit !== null && (least === null || limit.fps < least.fps)) least = limit;
  return least;
}

/** Null when the records hold too little: no finished frame, or fewer than two stages at work. */
export function findLimit(analysis: Analysis): Finding | null {
  const able = analysis.stages.filter((stage) => stage.capacity !== null);
  const stage = able.reduce<Stage | null>(
    (busiest, s) => (busiest === null || s.busy > busiest.busy ? s : busiest),
    null,
  );
  if (stage === null || able.length < 2 || analysis.throughput === null) return null;
  const limits = able.map((s): Limit => ({
    name: s.id,
    fps: (s.capacity as number) * (s === stage ? (s.replicas + 1) / s.replicas : 1),
  }));
  return {
    stage,
    cause: causeOf(analysis, stage),
    more: mayHaveReplicas(analysis, stage)
      ? lowest([...limits, processorLimit(analysis)])
      : null,
  };
}

function causeOf(analysis: Analysis, stage: Stage): Finding['cause'] {
  const { cpuUse, sourceFps, throughput, frames } = analysis;
  if (frames.length < FEW) return 'few';
  if (cpuUse !== null && cpuUse >= FULL) return 'processor';
  const atSource =
    sourceFps !== null && throughput !== null && Math.abs(throughput.value / sourceFps - 1) < 0.05;
  if (atSource && stage.busy < FULL) return 'source';
  return stage.busy >= BUSY ? 'stage' : 'unknown';
}

/** Sources and what writes one file have a single replica. */
function mayHaveReplicas({ run }: Analysis, stage: Stage): boolean {
  const kind = run.graph?.nodes.find((node) => node.id === stage.id)?.kind ?? null;
  const follows = run.graph?.edges.some((edge) => edge.to === stage.id) ?? false;
  return follows && kind !== 'io' && kind !== 'serialize';
}

export interface Speedup {
  /** How many times faster the AI part is; Infinity for no time at all. */
  factor: number;
  /** Of mean latency when waiting stays as it is. */
  latency: number;
  /** Of a frame's own work, without any waiting. */
  work: number;
  /** Of the throughput bound. */
  throughput: number | null;
}

export const FACTORS = [1, 2, 4, 8, 16, Infinity];

/** Amdahl's law on the frames of a run. Null when no frame was finished or no network ran. */
export function speedups(
  analysis: Analysis,
  factors: readonly number[] = FACTORS,
): Speedup[] | null {
  const { frames } = analysis;
  const ai = mean(frames.map((frame) => frame.ai));
  if (frames.length === 0 || ai <= 0) return null;
  const latency = mean(frames.map((frame) => frame.latency));
  const work = mean(frames.map((frame) => frame.busy));
  const now = throughputBound(analysis, 1);
  return factors.map((factor) => {
    const saved = ai * (1 - 1 / factor);
    const then = throughputBound(analysis, factor);
    return {
      factor,
      latency: latency / (latency - saved),
      work: work / (work - saved),
      throughput: now === null || then === null ? null : then / now,
    };
  });
}

function throughputBound(analysis: Analysis, factor: number): number | null {
  const saving = 1 - 1 / factor;
  let cpuNs: number | null = null;
  const limits: (Limit | null)[] = analysis.stages.map((stage) => {
    const work = stage.work - stage.self.load;
    const aiShare = work > 0 ? stage.self.ai / work : 0;
    const left = 1 - aiShare * saving;
    if (stage.cpuNs !== null) cpuNs = (cpuNs ?? 0) + stage.cpuNs * left;
    const busy = stage.serviceNs * left;
    if (busy <= 0) return null;
    return { name: stage.id, fps: (stage.replicas * analysis.frames.length) / (busy / 1e9) };
  });
  return lowest([...limits, processorLimit(analysis, cpuNs)])?.fps ?? null;
}
