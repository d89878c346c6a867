// Turns one run's records into the figures of a report: frames, stages, steps, shares, throughput.
import {
  KINDS,
  type GraphEdge,
  type Key,
  type Kind,
  type Quality,
  type Run,
  type Summary,
} from './records';
import { emptyKinds, linkSpans, workOf, type Node } from './spans';
import {
  bucketPercentile,
  percentile,
  rate,
  sorted,
  unionLength,
  type Interval,
  type Percentile,
  type Rate,
} from './stats';

/** One request, frame or step through the whole application; times in nanoseconds. */
export interface Frame {
  trace: Key;
  due: number;
  begin: number;
  end: number;
  /** End minus due. */
  latency: number;
  /** Time in which at least one span of it ran a network. */
  ai: number;
  /** Time in which at least one span of it worked at all; the rest of the latency is waiting. */
  busy: number;
}

export interface Stage {
  id: string;
  label: string;
  replicas: number;
  items: number;
  /** Outermost spans; each is one piece of work. */
  spans: number;
  self: Record<Kind, number>;
  work: number;
  /** Wall time of a piece of work less the waiting in it. */
  p50: Percentile | null;
  p90: Percentile | null;
  p99: Percentile | null;
  /** Percentiles are bucket ends of a histogram, not measured values. */
  bucketed: boolean;
  serviceNs: number;
  cpuNs: number | null;
  /** Share of the time in which a replica was at work. */
  busy: number;
  /** Frames per second that its replicas could do alone; null when it did nothing. */
  capacity: number | null;
}

export interface Step {
  where: string;
  kind: Kind;
  count: number;
  total: number;
  share: number;
  p50: Percentile;
  p99: Percentile;
  ops: number | null;
  bytes: number | null;
}

export interface Analysis {
  run: Run;
  /** Spans of a model's steps and no pipeline around them. */
  profile: boolean;
  nodes: Node[];
  frames: Frame[];
  unfinished: number;
  latencies: number[];
  begin: number;
  end: number;
  throughput: Rate | null;
  sourceFps: number | null;
  stages: Stage[];
  steps: Step[];
  kinds: Record<Kind, number>;
  work: number;
  aiShare: number | null;
  cores: number | null;
  cpuNs: number | null;
  /** CPU time but for waiting, over cores times wall time. */
  cpuUse: number | null;
  quality: Quality[];
}

export function positive(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null;
}

export function analyse(run: Run): Analysis {
  const nodes = linkSpans(run.spans, run.graph);
  const profile = isProfile(run, nodes);
  const { frames, unfinished } = collectFrames(run, nodes);
  let begin = Infinity;
  let end = -Infinity;
  for (const { span } of nodes) {
    if (span.trace === null && frames.length > 0) continue;
    begin = Math.min(begin, span.begin);
    end = Math.max(end, span.end);
  }
  if (!(end >= begin)) begin = end = 0;
  const stages = collectStages(run, nodes, frames.length, end - begin);
  const kinds = emptyKinds();
  for (const stage of stages) for (const kind of KINDS) kinds[kind] += stage.self[kind];
  const work = workOf(kinds);
  const cores = positive(run.header.machine['cores']);
  const cpu = stages.map((stage) => stage.cpuNs).filter((ns) => ns !== null);
  const cpuNs = cpu.length === 0 ? null : cpu.reduce((sum, ns) => sum + ns, 0);
  return {
    run,
    profile,
    nodes,
    frames,
    unfinished,
    latencies: sorted(frames.map((frame) => frame.latency)),
    begin,
    end,
    throughput: rate(
      frames.map((frame) => frame.end),
      begin,
      end,
    ),
    sourceFps: positive(run.header.settings['source_fps']),
    stages,
    steps: collectSteps(run, nodes, profile),
    kinds,
    work,
    aiShare: work > 0 ? kinds.ai / work : null,
    cores,
    cpuNs,
    cpuUse:
      cpuNs === null || cores === null || end <= begin ? null : cpuNs / (cores * (end - begin)),
    quality: run.quality,
  };
}

/** A model's own profile: no pipeline, and what has no children is the network. */
function isProfile(run: Run, nodes: readonly Node[]): boolean {
  if (run.graph !== null || nodes.length === 0) return false;
  return nodes.every(
    ({ span, children }) =>
      children.length > 0 || span.kind === 'ai' || span.kind === 'load' || span.kind === 'wait',
  );
}

/** A frame is complete when it has a span in a stage that nothing follows. */
function collectFrames(run: Run, nodes: readonly Node[]): { frames: Frame[]; unfinished: number } {
  const traces = new Map<Key, Node[]>();
  for (const node of nodes) {
    const { trace } = node.span;
    if (trace === null) continue;
    const group = traces.get(trace);
    if (group === undefined) traces.set(trace, [node]);
    else group.push(node);
  }
  const sources = new Set(run.graph?.edges.map((edge) => edge.from));
  const ends = (run.graph?.nodes ?? [])
    .filter((node) => !sources.has(node.id))
    .map((node) => node.id);
  const sinks = new Set(ends.filter((id) => nodes.some((node) => node.stage === id)));
  const frames: Frame[] = [];
  let unfinished = 0;
  for (const [trace, group] of traces) {
    if (sinks.size > 0 && !group.some((node) => sinks.has(node.stage))) unfinished++;
    else frames.push(measureFrame(trace, group));
  }
  frames.sort((a, b) => a.due - b.due || a.end - b.end);
  return { frames, unfinished };
}

function measureFrame(trace: Key, group: readonly Node[]): Frame {
  let due = Infinity;
  let begin = Infinity;
  let end = -Infinity;
  const ai: Interval[] = [];
  const busy: Interval[] = [];
  for (const { span, self } of group) {
    due = Math.min(due, span.due ?? span.begin);
    begin = Math.min(begin, span.begin);
    end = Math.max(end, span.end);
    if (span.kind === 'wait') continue;
    for (const part of self) {
      busy.push(part);
      if (span.kind === 'ai') ai.push(part);
    }
  }
  return {
    trace,
    due,
    begin,
    end,
    latency: end - due,
    ai: unionLength(ai),
    busy: unionLength(busy),
  };
}

interface Gathering {
  items: number;
  spans: number;
  self: Record<Kind, number>;
  service: number[];
  cpuNs: number | null;
}

function collectStages(run: Run, nodes: readonly Node[], frames: number, wallNs: number): Stage[] {
  const found = new Map<string, Gathering>();
  const gather = (id: string): Gathering => {
    let stage = found.get(id);
    if (stage === undefined) {
      found.set(id, (stage = { items: 0, spans: 0, self: emptyKinds(), service: [], cpuNs: null }));
    }
    return stage;
  };
  for (const node of run.graph?.nodes ?? []) gather(node.id);
  for (const node of nodes) {
    const stage = gather(node.stage);
    stage.self[node.span.kind] += node.selfNs;
    // Loading is done once, before the first frame: time, but no piece of the stage's work.
    if (!node.outermost || node.span.kind === 'wait' || node.span.kind === 'load') continue;
    stage.spans++;
    stage.items += node.span.items ?? 1;
    stage.service.push(Math.max(0, node.span.end - node.span.begin - node.waitNs));
    if (node.cpuNs !== null) stage.cpuNs = (stage.cpuNs ?? 0) + node.cpuNs;
  }
  for (const summary of run.summaries) if (summary.where !== '') gather(summary.where);
  return [...found].map(([id, gathered]) => finishStage(run, id, gathered, frames, wallNs));
}

function finishStage(run: Run, id: string, from: Gathering, frames: number, wallNs: number): Stage {
  const node = run.graph?.nodes.find((n) => n.id === id);
  const replicas = node?.replicas ?? 1;
  const service = sorted(from.service);
  const summaries = run.summaries.filter(
    (s) => s.where === id && s.count > 0 && s.kind !== 'load',
  );
  const summary = useSummaries(from, summaries);
  const serviceNs = summary === null ? from.service.reduce((sum, ns) => sum + ns, 0) : summary.sum;
  const at = (p: number): Percentile | null =>
    summary === null
      ? percentile(service, p)
      : bucketPercentile(summary.bounds, summary.counts, p, summary.min, summary.max);
  const busy = wallNs > 0 ? serviceNs / (replicas * wallNs) : 0;
  return {
    id,
    replicas,
    label: node?.label || id,
    items: from.items,
    spans: from.spans,
    self: from.self,
    work: workOf(from.self),
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    bucketed: summary !== null,
    serviceNs,
    cpuNs: from.cpuNs,
    busy,
    capacity: serviceNs > 0 && frames > 0 ? (frames * replicas) / (serviceNs / 1e9) : null,
  };
}

/**
 * Summaries stand for spans that were not kept: they replace a kind's totals where they count more
 * spans than are there. Returns the one that gives the percentiles, if any.
 */
function useSummaries(from: Gathering, summaries: readonly Summary[]): Summary | null {
  let main: Summary | null = null;
  for (const summary of summaries) {
    if (summary.kind === 'wait') {
      from.self.wait = Math.max(from.self.wait, summary.sum);
    } else if (summary.count > from.spans) {
      from.self[summary.kind] = Math.max(from.self[summary.kind], summary.sum);
      if (main === null || summary.sum > main.sum) main = summary;
    }
  }
  if (main !== null) {
    from.spans = main.count;
    from.items = Math.max(from.items, main.count);
  }
  return main;
}

export interface Queue {
  mean: number;
  max: number;
  samples: number;
}

function edgeNames(edge: GraphEdge): string[] {
  return ['->', '→', '/'].map((arrow) => edge.from + arrow + edge.to);
}

function depths(run: Run, names: ReadonlySet<string>): Queue | null {
  let sum = 0;
  let max = 0;
  let samples = 0;
  for (const sample of run.samples) {
    if (sample.what !== 'queue.depth' || !names.has(sample.where)) continue;
    sum += sample.value;
    max = Math.max(max, sample.value);
    samples++;
  }
  return samples === 0 ? null : { mean: sum / samples, max, samples };
}

/**
 * Depth of one channel: sampled under both its ends, or under its stage where that has no other.
 */
export function channelQueue(run: Run, edge: GraphEdge): Queue | null {
  const only = run.graph?.edges.filter((other) => other.to === edge.to).length === 1;
  return depths(run, new Set(only ? [...edgeNames(edge), edge.to] : edgeNames(edge)));
}

/** Spans below the stages, or every span of a model's profile, put together by name. */
function collectSteps(run: Run, nodes: readonly Node[], profile: boolean): Step[] {
  const stages = new Set(run.graph?.nodes.map((node) => node.id));
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    const { where, kind } = node.span;
    if (kind === 'wait' || stages.has(where) || (!profile && run.graph === null)) continue;
    if (profile && node.children.length > 0) continue;
    const name = `${node.stage} ${kind} ${where}`; // two networks may have steps of one name
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [node]);
    else group.push(node);
  }
  const steps = [...groups.values()].map(measureStep);
  const all = steps.reduce((sum, step) => sum + step.total, 0);
  for (const step of steps) step.share = all > 0 ? step.total / all : 0;
  return steps.sort((a, b) => b.total - a.total);
}

function measureStep(group: readonly Node[]): Step {
  const { where, kind } = (group[0] as Node).span;
  const times = sorted(group.map((node) => node.selfNs));
  const sum = (read: (node: Node) => number | null): number | null => {
    let total: number | null = null;
    for (const node of group) {
      const value = read(node);
      if (value !== null) total = (total ?? 0) + value;
    }
    return total;
  };
  return {
    where,
    kind,
    count: group.length,
    total: times.reduce((total, ns) => total + ns, 0),
    share: 0,
    p50: percentile(times, 0.5) as Percentile,
    p99: percentile(times, 0.99) as Percentile,
    ops: sum(({ span }) => span.ops),
    bytes: sum(({ span }) =>
      span.bytesIn === null && span.bytesOut === null
        ? null
        : (span.bytesIn ?? 0) + (span.bytesOut ?? 0),
    ),
  };
}
