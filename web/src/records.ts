// Reads run files: one JSON object a line, a header first, then spans, samples, events, summaries,
// the pipeline's graph and the application's quality figures. Times are nanoseconds from the start
// of the run. A line that cannot be read is reported with its number and left out.

import {
  KINDS,
  type Kind,
  type Key,
  type Span,
  type Sample,
  type RunEvent,
  type Summary,
  type GraphNode,
  type GraphEdge,
  type Graph,
  type Quality,
  type Fields,
  type Header,
  type Run,
  type Records,
} from './run';

export * from './run';

const KEPT_PROBLEMS = 20;
const EXCERPT_LENGTH = 120;
const KIND_SET: ReadonlySet<string> = new Set(KINDS);

class LineError extends Error {}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function number(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new LineError(`"${key}" is ${show(value)}, expected a number`);
  }
  return value;
}

function optionalNumber(fields: Fields, key: string): number | null {
  return fields[key] === undefined || fields[key] === null ? null : number(fields, key);
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new LineError(`"${key}" is ${show(value)}, expected a text`);
  return value;
}

function optionalText(fields: Fields, key: string): string | null {
  const value = fields[key];
  if (value === undefined || value === null) return null;
  return typeof value === 'number' ? String(value) : text(fields, key);
}

function optionalKey(fields: Fields, key: string): Key | null {
  const value = fields[key];
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new LineError(`"${key}" is ${show(value)}, expected a number or a text`);
}

function kind(fields: Fields): Kind {
  const value = text(fields, 'kind');
  if (!KIND_SET.has(value)) {
    throw new LineError(`"kind" is ${show(value)}, expected one of ${KINDS.join(', ')}`);
  }
  return value as Kind;
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new LineError(`"${key}" is ${show(value)}, expected a list`);
  return value;
}

function numbers(fields: Fields, key: string): number[] {
  return list(fields, key).map((value) => {
    if (typeof value !== 'number')
      throw new LineError(`"${key}" holds ${show(value)}, expected numbers`);
    return value;
  });
}

function readSpan(fields: Fields): Span {
  const begin = number(fields, 'begin');
  const end = number(fields, 'end');
  if (end < begin) throw new LineError(`"end" is ${end}, before "begin" at ${begin}`);
  return {
    trace: optionalKey(fields, 'trace'),
    id: optionalKey(fields, 'id'),
    parent: optionalKey(fields, 'parent'),
    where: text(fields, 'where'),
    kind: kind(fields),
    due: optionalNumber(fields, 'due'),
    begin,
    end,
    items: optionalNumber(fields, 'items'),
    bytesIn: optionalNumber(fields, 'bytes_in'),
    bytesOut: optionalNumber(fields, 'bytes_out'),
    ops: optionalNumber(fields, 'ops'),
    cpuNs: optionalNumber(fields, 'cpu_ns'),
    thread: optionalText(fields, 'thread'),
    note: optionalText(fields, 'note'),
  };
}

function readSample(fields: Fields): Sample {
  return {
    at: number(fields, 'at'),
    what: text(fields, 'what'),
    where: optionalText(fields, 'where') ?? '',
    value: number(fields, 'value'),
    unit: optionalText(fields, 'unit') ?? '',
  };
}

function readEvent(fields: Fields): RunEvent {
  return {
    at: number(fields, 'at'),
    where: optionalText(fields, 'where') ?? '',
    what: text(fields, 'what'),
    why: optionalText(fields, 'why') ?? '',
  };
}

/** The histogram stands in the line itself or in an object of its own. */
function readSummary(fields: Fields): Summary {
  const histogram = isFields(fields['histogram']) ? fields['histogram'] : fields;
  const bounds = histogram['bounds'] === undefined ? [] : numbers(histogram, 'bounds');
  const counts = histogram['counts'] === undefined ? [] : numbers(histogram, 'counts');
  if (counts.length !== bounds.length && counts.length !== bounds.length + 1) {
    throw new LineError(
      `${counts.length} counts for ${bounds.length} bounds, ` + 'expected as many or one more',
    );
  }
  if (bounds.some((bound, i) => i > 0 && bound <= (bounds[i - 1] as number))) {
    throw new LineError('"bounds" do not rise');
  }
  return {
    where: optionalText(fields, 'where') ?? '',
    kind: kind(fields),
    count: number(fields, 'count'),
    min: number(fields, 'min'),
    max: number(fields, 'max'),
    sum: number(fields, 'sum'),
    bounds,
    counts,
  };
}

function readGraph(fields: Fields): Graph {
  const nodes = list(fields, 'nodes').map((node): GraphNode => {
    if (!isFields(node)) throw new LineError(`a node is ${show(node)}, expected an object`);
    const id = text(node, 'id');
    const replicas = optionalNumber(node, 'replicas') ?? 1;
    if (!(replicas >= 1))
      throw new LineError(`node '${id}' has ${replicas} replicas, expected 1 or more`);
    return {
      id,
      label: optionalText(node, 'label') ?? '',
      kind: node['kind'] === undefined || node['kind'] === null ? null : kind(node),
      replicas,
    };
  });
  const known = new Set(nodes.map((node) => node.id));
  if (known.size !== nodes.length) throw new LineError('two nodes have the same id');
  const edges = list(fields, 'edges').map((edge): GraphEdge => {
    if (!isFields(edge)) throw new LineError(`an edge is ${show(edge)}, expected an object`);
    const from = text(edge, 'from');
    const to = text(edge, 'to');
    for (const end of [from, to]) {
      if (!known.has(end))
        throw new LineError(`an edge names the node '${end}', which is not there`);
    }
    return { from, to, capacity: optionalNumber(edge, 'capacity') };
  });
  return { name: optionalText(fields, 'name') ?? '', nodes, edges };
}

function readQuality(fields: Fields): Quality {
  const better = optionalText(fields, 'better') ?? 'higher';
  if (better !== 'higher' && better !== 'lower') {
    throw new LineError(`"better" is ${show(better)}, expected higher or lower`);
  }
  return {
    what: text(fields, 'what'),
    value: number(fields, 'value'),
    target: optionalNumber(fields, 'target'),
    better,
    count: optionalNumber(fields, 'count'),
  };
}

function readHeader(fields: Fields): Header {
  if (fields['plumb_run'] !== 1) {
    throw new LineError(
      `run format ${show(fields['plumb_run'])} is not known; this page reads format 1`,
    );
  }
  const part = (key: string): Fields => (isFields(fields[key]) ? (fields[key] as Fields) : {});
  const command = fields['command'];
  return {
    id: optionalText(fields, 'id') ?? '',
    command: Array.isArray(command) ? command.map(String) : command ? [String(command)] : [],
    started: optionalText(fields, 'started') ?? '',
    commit: optionalText(fields, 'commit') ?? '',
    machine: part('machine'),
    limits: part('limits'),
    settings: part('settings'),
  };
}

/** Takes lines one by one, so that a page can read a large file in slices and stay responsive. */
export class RecordReader {
  private readonly records: Records = { runs: [], problems: [], problemCount: 0 };
  private line = 0;
  /** The run that lines belong to; null before a header, and after one that cannot be read. */
  private run: Run | null = null;

  push(line: string): void {
    this.line++;
    const trimmed = line.trim();
    if (trimmed === '') return;
    try {
      this.read(trimmed);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      this.records.problemCount++;
      if (this.records.problems.length < KEPT_PROBLEMS) {
        const excerpt =
          trimmed.length > EXCERPT_LENGTH ? `${trimmed.slice(0, EXCERPT_LENGTH)}…` : trimmed;
        this.records.problems.push({ line: this.line, message: error.message, excerpt });
      }
    }
  }

  finish(): Records {
    return this.records;
  }

  private read(line: string): void {
    let fields: unknown;
    try {
      fields = JSON.parse(line);
    } catch {
      throw new LineError(
        'not valid JSON; was the file cut off or written by two programs at once?',
      );
    }
    if (!isFields(fields)) throw new LineError(`${show(fields)} stands alone, expected an object`);
    if ('plumb_run' in fields) {
      this.run = null;
      this.run = {
        header: readHeader(fields),
        spans: [],
        samples: [],
        events: [],
        summaries: [],
        graph: null,
        quality: [],
      };
      this.records.runs.push(this.run);
      return;
    }
    if (this.run === null) {
      throw new LineError(
        'no run for this line: a header line {"plumb_run":1,…} must stand before it',
      );
    }
    this.add(this.run, fields);
  }

  private add(run: Run, fields: Fields): void {
    switch (fields['t']) {
      case 'span':
        run.spans.push(readSpan(fields));
        break;
      case 'sample':
        run.samples.push(readSample(fields));
        break;
      case 'event':
        run.events.push(readEvent(fields));
        break;
      case 'summary':
        run.summaries.push(readSummary(fields));
        break;
      case 'graph':
        run.graph = readGraph(fields);
        break;
      case 'quality':
        run.quality.push(readQuality(fields));
        break;
      default:
        throw new LineError(
          `"t" is ${show(fields['t'])}, ` +
            'expected span, sample, event, summary, graph or quality',
        );
    }
  }
}

/** Reads a whole text at once. */
export function readRecords(content: string): Records {
  const reader = new RecordReader();
  for (const line of content.split('\n')) reader.push(line);
  return reader.finish();
}
