// What a run file holds, line by line. Times are nanoseconds from the start of the run.

/** Every kind of time, in the order in which it is stacked and listed. */
export const KINDS = [
  'ai',
  'pre',
  'post',
  'serialize',
  'io',
  'train',
  'load',
  'other',
  'wait',
] as const;
export type Kind = (typeof KINDS)[number];

export type Key = string | number;

export interface Span {
  trace: Key | null;
  id: Key | null;
  parent: Key | null;
  where: string;
  kind: Kind;
  due: number | null;
  begin: number;
  end: number;
  items: number | null;
  bytesIn: number | null;
  bytesOut: number | null;
  ops: number | null;
  cpuNs: number | null;
  thread: string | null;
  note: string | null;
}

export interface Sample {
  at: number;
  what: string;
  where: string;
  value: number;
  unit: string;
}

export interface RunEvent {
  at: number;
  where: string;
  what: string;
  why: string;
}

/** The distribution of one stage's self time in nanoseconds, kept instead of each span. */
export interface Summary {
  where: string;
  kind: Kind;
  count: number;
  min: number;
  max: number;
  sum: number;
  /** Upper ends of the buckets; counts may have one bucket more, which is open to the right. */
  bounds: number[];
  counts: number[];
}

export interface GraphNode {
  id: string;
  label: string;
  kind: Kind | null;
  replicas: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  capacity: number | null;
}

export interface Graph {
  name: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface Quality {
  what: string;
  value: number;
  target: number | null;
  better: 'higher' | 'lower';
  count: number | null;
}

export type Fields = Record<string, unknown>;

export interface Header {
  id: string;
  command: string[];
  started: string;
  commit: string;
  machine: Fields;
  limits: Fields;
  settings: Fields;
}

export interface Run {
  header: Header;
  spans: Span[];
  samples: Sample[];
  events: RunEvent[];
  summaries: Summary[];
  graph: Graph | null;
  quality: Quality[];
}

export interface Problem {
  /** Counted from 1. */
  line: number;
  message: string;
  excerpt: string;
}

export interface Records {
  runs: Run[];
  /** The first problems; problemCount says how many there were. */
  problems: Problem[];
  problemCount: number;
}
