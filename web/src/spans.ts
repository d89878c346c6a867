// Finds parents, stages and self times of a run's spans.
import type { Graph, Key, Kind, Span } from './records';
import { selfIntervals, type Interval } from './stats';

/** A span with what follows from its place among the others. */
export interface Node {
  span: Span;
  parent: Node | null;
  children: Node[];
  /** The stage that its time belongs to. */
  stage: string;
  /** No ancestor belongs to the same stage. */
  outermost: boolean;
  /** Time that no child covers, in nanoseconds. */
  selfNs: number;
  /** The stretches of that time. */
  self: Interval[];
  /** Waiting in the span and below it. */
  waitNs: number;
  /** CPU time but for waiting; null when nothing was measured. */
  cpuNs: number | null;
  depth: number;
}

const MAX_DEPTH = 64;

/** Parents are looked up in the same trace first, then by an id that is unique in the run. */
class Lookup {
  private readonly traces = new Map<Key | null, Map<Key, Node>>();
  private readonly unique = new Map<Key, Node | null>();

  add(node: Node): void {
    const { trace, id } = node.span;
    if (id === null) return;
    let ids = this.traces.get(trace);
    if (ids === undefined) this.traces.set(trace, (ids = new Map()));
    ids.set(id, node);
    this.unique.set(id, this.unique.has(id) ? null : node);
  }

  parentOf(span: Span): Node | null {
    if (span.parent === null) return null;
    return this.traces.get(span.trace)?.get(span.parent) ?? this.unique.get(span.parent) ?? null;
  }
}

/** True when a chain of parents from `start` reaches `node` or is absurdly long. */
function leadsTo(start: Node, node: Node): boolean {
  let depth = 0;
  for (let at: Node | null = start; at !== null; at = at.parent) {
    if (at === node || ++depth > MAX_DEPTH) return true;
  }
  return false;
}

/** Links all spans of a run. Spans whose parent is missing stand at the top. */
export function linkSpans(spans: readonly Span[], graph: Graph | null): Node[] {
  const nodes = spans.map((span): Node => ({
    span,
    parent: null,
    children: [],
    stage: span.where,
    outermost: true,
    selfNs: 0,
    self: [],
    waitNs: 0,
    cpuNs: null,
    depth: 0,
  }));
  const lookup = new Lookup();
  for (const node of nodes) lookup.add(node);
  for (const node of nodes) {
    const parent = lookup.parentOf(node.span);
    if (parent === null || leadsTo(parent, node)) continue;
    node.parent = parent;
    parent.children.push(node);
  }
  const stages = graph === null ? null : new Set(graph.nodes.map((n) => n.id));
  const order = parentsFirst(nodes);
  for (const node of order) place(node, stages);
  for (let i = order.length - 1; i >= 0; i--) measure(order[i] as Node);
  return nodes;
}

function parentsFirst(nodes: readonly Node[]): Node[] {
  const order = nodes.filter((node) => node.parent === null);
  for (let i = 0; i < order.length; i++)
    for (const child of (order[i] as Node).children) order.push(child);
  return order;
}

/** A span belongs to the nearest stage of the graph at or above it, or else to its own name. */
function place(node: Node, stages: ReadonlySet<string> | null): void {
  const { parent } = node;
  if (parent === null) return;
  node.depth = parent.depth + 1;
  const named = stages === null || stages.has(node.span.where);
  if (!named) node.stage = stages?.has(parent.stage) ? parent.stage : node.span.where;
  node.outermost = true;
  for (let at: Node | null = parent; at !== null; at = at.parent) {
    if (at.stage === node.stage) node.outermost = false;
  }
}

function measure(node: Node): void {
  const { span, children } = node;
  node.self = selfIntervals(
    span,
    children.map((child) => child.span),
  );
  node.selfNs = node.self.reduce((sum, part) => sum + part.end - part.begin, 0);
  node.waitNs = span.kind === 'wait' ? node.selfNs : 0;
  let below: number | null = null;
  for (const child of children) {
    node.waitNs += child.waitNs;
    if (child.cpuNs !== null) below = (below ?? 0) + child.cpuNs;
  }
  if (span.kind === 'wait') node.cpuNs = below;
  else if (span.cpuNs === null) node.cpuNs = below;
  else node.cpuNs = Math.max(0, span.cpuNs - waitCpu(node));
}

/** CPU time spent in waiting children: spinning does not count as work. */
function waitCpu(node: Node): number {
  return node.children.reduce(
    (sum, child) => sum + (child.span.kind === 'wait' ? (child.span.cpuNs ?? 0) : 0),
    0,
  );
}

export function emptyKinds(): Record<Kind, number> {
  return { ai: 0, pre: 0, post: 0, serialize: 0, io: 0, train: 0, load: 0, other: 0, wait: 0 };
}

/** The sum over all kinds but waiting. */
export function workOf(kinds: Record<Kind, number>): number {
  let sum = 0;
  for (const [kind, ns] of Object.entries(kinds)) if (kind !== 'wait') sum += ns;
  return sum;
}
