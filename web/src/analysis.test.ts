import { describe, expect, it } from 'vitest';
import { analyse, type Analysis } from './analysis';
import { answer } from './answer';
import { findLimit, speedups } from './forecast';
import { layersOf } from './layout';
import { readRecords, type Graph } from './records';

const MS = 1e6;

interface Line {
  [key: string]: unknown;
}

function analysed(lines: Line[], header: Line = {}): Analysis {
  const text = [{ plumb_run: 1, id: 'r', machine: { cores: 4 }, ...header }, ...lines]
    .map((l) => JSON.stringify(l))
    .join('\n');
  const { runs, problems } = readRecords(text);
  expect(problems).toEqual([]);
  return analyse(runs[0] as NonNullable<(typeof runs)[0]>);
}

const graph = (...ids: string[]): Line => ({
  t: 'graph',
  name: 'g',
  nodes: ids.map((id) => ({ id })),
  edges: ids.slice(1).map((to, i) => ({ from: ids[i], to, capacity: 4 })),
});

let id = 0;
const span = (
  trace: number,
  where: string,
  kind: string,
  begin: number,
  end: number,
  more: Line = {},
): Line => ({ t: 'span', trace, id: ++id, where, kind, begin: begin * MS, end: end * MS, ...more });

/** Frames that follow each other: 2 ms before, 6 ms network, 2 ms after, every 6 ms. */
function steady(count: number, more: Line = {}): Line[] {
  const lines = [graph('read', 'net', 'write')];
  for (let i = 0; i < count; i++) {
    const at = 6 * i;
    lines.push(
      span(i, 'read', 'pre', at, at + 2, { cpu_ns: 2 * MS, ...more }),
      span(i, 'net', 'ai', at + 2, at + 8, { cpu_ns: 6 * MS }),
      span(i, 'write', 'post', at + 8, at + 10, { cpu_ns: 2 * MS }),
    );
  }
  return lines;
}

describe('self time', () => {
  it('goes to the kind of each span, less its children, within the stage above', () => {
    const { stages, kinds } = analysed([
      graph('a', 'b'),
      { t: 'span', trace: 1, id: 1, where: 'a', kind: 'pre', begin: 0, end: 10 * MS },
      {
        t: 'span',
        trace: 1,
        id: 2,
        parent: 1,
        where: 'conv',
        kind: 'ai',
        begin: 1 * MS,
        end: 7 * MS,
      },
      {
        t: 'span',
        trace: 1,
        id: 3,
        parent: 2,
        where: 'lock',
        kind: 'wait',
        begin: 2 * MS,
        end: 4 * MS,
      },
      { t: 'span', trace: 1, id: 4, where: 'b', kind: 'io', begin: 10 * MS, end: 11 * MS },
    ]);
    expect(stages.map((stage) => stage.id)).toEqual(['a', 'b']);
    expect(stages[0]?.self).toMatchObject({ pre: 4 * MS, ai: 4 * MS, wait: 2 * MS });
    expect(stages[0]?.p50?.value).toBe(8 * MS);
    expect(stages[0]?.spans).toBe(1);
    expect(kinds.io).toBe(1 * MS);
  });

  it('counts loading as time of a stage, never as a piece of its work', () => {
    const load = { t: 'span', where: 'net', kind: 'load', begin: 0, end: 900 * MS };
    const [plain, loaded] = [analysed(steady(3)), analysed([...steady(3), load])];
    expect(loaded.stages[1]?.self.load).toBe(900 * MS);
    expect(loaded.stages[1]?.spans).toBe(3);
    expect(loaded.stages[1]?.p99?.value).toBe(plain.stages[1]?.p99?.value);
    expect(loaded.stages[1]?.busy).toBe(plain.stages[1]?.busy);
  });

  it('survives parents that are missing, their own, in a ring, or of another trace', () => {
    const ring = [
      [1, 2],
      [2, 1],
      [3, 3],
      [4, 99],
    ].map(([own, parent]) => ({
      t: 'span',
      trace: 1,
      id: own,
      parent,
      where: `s${own}`,
      kind: 'pre',
      begin: 0,
      end: 4,
    }));
    const { nodes } = analysed([
      ...ring,
      { t: 'span', trace: 2, id: 7, parent: 4, where: 'x', kind: 'ai', begin: 1, end: 2 },
    ]);
    expect(nodes.filter((node) => node.parent === null).length).toBeGreaterThanOrEqual(3);
    expect(nodes[4]?.parent?.span.id).toBe(4);
  });
});

describe('frames', () => {
  it('are late from when they were due, and unfinished without a last stage', () => {
    const { frames, latencies, unfinished } = analysed([
      graph('a', 'b'),
      span(1, 'a', 'pre', 5, 6, { due: 1 * MS }),
      span(1, 'b', 'post', 8, 9),
      span(2, 'a', 'pre', 6, 7),
    ]);
    expect(latencies).toHaveLength(1);
    expect(latencies[0]).toBe(8 * MS);
    expect(frames[0]).toMatchObject({ busy: 2 * MS, ai: 0 });
    expect(unfinished).toBe(1);
  });
});

describe('shares', () => {
  it('leave waiting out', () => {
    const { aiShare, cpuUse } = analysed([...steady(10), span(3, 'net', 'wait', 0, 20)]);
    expect(aiShare).toBeCloseTo(0.6);
    expect(cpuUse).toBeCloseTo(100 / (4 * 64));
  });
  it('count no CPU time of waiting', () => {
    const { cpuNs } = analysed([
      { t: 'span', trace: 1, id: 1, where: 'a', kind: 'pre', begin: 0, end: 10, cpu_ns: 10 },
      {
        t: 'span',
        trace: 1,
        id: 2,
        parent: 1,
        where: 'a',
        kind: 'wait',
        begin: 2,
        end: 8,
        cpu_ns: 6,
      },
      { t: 'span', trace: 1, id: 3, where: 'b', kind: 'wait', begin: 2, end: 8, cpu_ns: 6 },
    ]);
    expect(cpuNs).toBe(4);
  });
});

function wordsOf(analysis: Analysis): string {
  return answer(analysis, findLimit(analysis))
    .flat(2)
    .join('')
    .replace(/\u00a0/g, ' ');
}

describe('forecasts', () => {
  it('name the stage with the least capacity and what stops the next', () => {
    const analysis = analysed(steady(200));
    const found = findLimit(analysis);
    expect(found?.stage.id).toBe('net');
    expect(found?.cause).toBe('stage');
    expect(found?.more?.fps).toBeCloseTo(2 / 0.006, 0);
    const words = wordsOf(analysis);
    expect(words).toContain(
      "'net' is the bottleneck: it is at work 99.7 % of the time. One more replica of it could give " +
        'at most 333 frames/s.',
    );
    expect(words).toContain('Half of 200 frames were done within ');
    expect(words).toContain('60.0 % of the work is AI; the rest is the AI tax, 4.00 ms a frame');
  });
  it('see a full processor and a source that sets the pace', () => {
    expect(findLimit(analysed(steady(200), { machine: { cores: 1.7 } }))?.cause).toBe(
      'processor',
    );
    const slow = analysed(
      [
        graph('a', 'b'),
        ...Array.from({ length: 100 }, (_, i) => [
          span(i, 'a', 'pre', 40 * i, 40 * i + 3),
          span(i, 'b', 'ai', 40 * i + 3, 40 * i + 9),
        ]).flat(),
      ],
      { settings: { source_fps: 25 } },
    );
    expect(findLimit(slow)?.cause).toBe('source');
  });
  it('promise no replica of a writer', () => {
    const lines = steady(200).map((line) => JSON.parse(JSON.stringify(line)) as Line);
    const { nodes } = lines.find((line) => line['t'] === 'graph') as { nodes: { id: string; kind: string }[] };
    for (const node of nodes) if (node.id === 'net') node.kind = 'serialize';
    expect(wordsOf(analysed(lines))).toContain("'net' is the bottleneck");
    expect(wordsOf(analysed(lines))).not.toContain('replica');
  });
  it('name no bottleneck where no stage is busy', () => {
    const idle = Array.from({ length: 100 }, (_, i) => [
      span(i, 'a', 'pre', 40 * i, 40 * i + 3),
      span(i, 'b', 'ai', 40 * i + 3, 40 * i + 9),
    ]).flat();
    const words = wordsOf(analysed([graph('a', 'b'), ...idle]));
    expect(words).toContain("No stage is at its limit: the busiest, 'b', is at work 15.1 %");
    expect(words).not.toContain('replica');
    expect(words).not.toContain('the throughput');
  });
  it('conclude nothing from one picture', () => {
    const words = wordsOf(analysed(steady(1)));
    expect(words).toContain('The one frame was done ');
    expect(words).toContain('1 frame: too few to tell what limits the throughput.');
    expect(words).not.toContain('×');
  });
  it('tell of a full processor where its time goes', () => {
    const words = wordsOf(analysed(steady(200), { machine: { cores: 1.7 } }));
    expect(words).toContain('The processor is the limit: its cores are at work ');
    expect(words).toContain("More replicas would not help; less work would, first of all in 'net'");
  });
  it('follow Amdahl: four tenths of the work stay', () => {
    const curve = speedups(analysed(steady(200)));
    const at = (factor: number) => curve?.find((point) => point.factor === factor);
    expect(at(1)).toMatchObject({ latency: 1, work: 1, throughput: 1 });
    expect(at(2)?.work).toBeCloseTo(10 / 7);
    expect(at(Infinity)?.work).toBeCloseTo(2.5);
    expect(at(Infinity)?.latency).toBeCloseTo(2.5);
    expect(at(2)?.throughput).toBeCloseTo(2);
    expect(at(Infinity)?.throughput).toBeCloseTo(3);
  });
  it('are silent without frames or networks', () => {
    expect(speedups(analysed([]))).toBeNull();
    expect(findLimit(analysed([]))).toBeNull();
    expect(speedups(analysed([span(1, 'a', 'pre', 0, 1)]))).toBeNull();
  });
});

it('keeps steps of one name apart by their stage', () => {
  const lines: Line[] = [graph('a', 'b')];
  ['a', 'b'].forEach((where, i) => {
    const at = { trace: 1, kind: 'ai', begin: i * MS, end: (i + 1) * MS };
    lines.push({ t: 'span', id: i + 1, where, ...at });
    lines.push({ t: 'span', id: i + 3, parent: i + 1, where: 'Conv_0', ...at });
  });
  expect(analysed(lines).steps.map((step) => [step.where, step.count])).toEqual([
    ['Conv_0', 1],
    ['Conv_0', 1],
  ]);
});

it("sees a model's profile and sorts its steps", () => {
  const { profile, steps } = analysed([
    { t: 'span', trace: 1, id: 1, where: 'run', kind: 'ai', begin: 0, end: 10 },
    {
      t: 'span',
      trace: 1,
      id: 2,
      parent: 1,
      where: 'small',
      kind: 'ai',
      begin: 0,
      end: 2,
      ops: 10,
    },
    {
      t: 'span',
      trace: 1,
      id: 3,
      parent: 1,
      where: 'large',
      kind: 'ai',
      begin: 2,
      end: 10,
      ops: 40,
    },
  ]);
  expect(profile).toBe(true);
  expect(steps.map((step) => [step.where, step.total, step.share])).toEqual([
    ['large', 8, 0.8],
    ['small', 2, 0.2],
  ]);
});

it('takes summaries where spans were not kept', () => {
  const { stages } = analysed([
    graph('a', 'b'),
    span(1, 'a', 'pre', 0, 1),
    span(1, 'b', 'pre', 1, 2),
    {
      t: 'summary',
      where: 'b',
      kind: 'pre',
      count: 100,
      min: 1,
      max: 9,
      sum: 500,
      bounds: [4, 8],
      counts: [50, 45, 5],
    },
  ]);
  expect(stages[1]).toMatchObject({
    bucketed: true,
    spans: 100,
    items: 100,
    p50: { value: 4 },
    p99: { value: 9, low: 8 },
  });
});

describe('layers', () => {
  const of = (edges: string[]): Graph => ({
    name: '',
    edges: edges.map((e) => ({ from: e[0] as string, to: e[1] as string, capacity: null })),
    nodes: [...new Set(edges.join(''))].map((n) => ({ id: n, label: n, kind: null, replicas: 1 })),
  });
  it('follow the longest path', () => {
    expect(layersOf(of(['ab', 'bc', 'ac', 'ad']))).toEqual([['a'], ['b', 'd'], ['c']]);
  });
  it('hold every node of a loop', () => {
    expect(
      layersOf(of(['ab', 'bc', 'cb', 'cd']))
        .flat()
        .sort(),
    ).toEqual(['a', 'b', 'c', 'd']);
  });
});
