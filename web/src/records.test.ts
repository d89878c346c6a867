import { describe, expect, it } from 'vitest';
import { readRecords } from './records';

const HEADER = '{"plumb_run":1,"id":"r","command":["plumb","run"],"machine":{"cores":2}}';
const SPAN = '{"t":"span","trace":1,"id":1,"where":"a","kind":"ai","begin":0,"end":5}';

describe('reading', () => {
  it('puts every kind of line into its run', () => {
    const { runs, problemCount } = readRecords(
      [
        HEADER,
        SPAN,
        '{"t":"sample","at":1,"what":"rss","value":3,"unit":"MB"}',
        '{"t":"event","at":1,"where":"a","what":"dropped","why":"full"}',
        '{"t":"summary","where":"a","kind":"ai","count":2,"min":1,"max":4,"sum":5,"histogram":{"bounds":[2],"counts":[1,1]}}',
        '{"t":"graph","name":"g","nodes":[{"id":"a"},{"id":"b","replicas":2,"kind":"io"}],"edges":[{"from":"a","to":"b","capacity":8}]}',
        '{"t":"quality","what":"recall","value":0.9,"target":0.95,"count":10}',
        '',
        HEADER,
        SPAN,
        SPAN,
      ].join('\r\n'),
    );
    expect(problemCount).toBe(0);
    expect(runs).toHaveLength(2);
    expect(runs[0]?.spans[0]).toMatchObject({ where: 'a', kind: 'ai', due: null, thread: null });
    expect(runs[0]?.samples[0]?.where).toBe('');
    expect(runs[0]?.summaries[0]?.counts).toEqual([1, 1]);
    expect(runs[0]?.graph?.nodes[1]).toMatchObject({ replicas: 2, kind: 'io' });
    expect(runs[0]?.quality[0]?.better).toBe('higher');
    expect(runs[1]?.spans).toHaveLength(2);
  });

  it('is empty for nothing', () => {
    expect(readRecords(' \n\n')).toEqual({ runs: [], problems: [], problemCount: 0 });
  });

  it('keeps names that look like parts of JavaScript as plain names', () => {
    const { runs } = readRecords(
      `${HEADER}\n{"t":"span","trace":"__proto__","where":"constructor","kind":"pre","begin":0,"end":1}`,
    );
    expect(runs[0]?.spans[0]).toMatchObject({ trace: '__proto__', where: 'constructor' });
  });
});

const span = (change: string): string => SPAN.replace('"begin":0,"end":5', change);

describe('malformed lines', () => {
  it.each([
    ['{"t":"span"', 'not valid JSON; was the file cut off or written by two programs at once?'],
    ['[1,2]', '[1,2] stands alone, expected an object'],
    ['{"t":"spam"}', '"t" is "spam", expected span, sample, event, summary, graph or quality'],
    ['{"x":1}', '"t" is nothing, expected span, sample, event, summary, graph or quality'],
    [span('"begin":9,"end":5'), '"end" is 5, before "begin" at 9'],
    [span('"begin":"0","end":5'), '"begin" is "0", expected a number'],
    [span('"begin":1e999,"end":5'), '"begin" is null, expected a number'],
    [span('"end":5'), '"begin" is nothing, expected a number'],
    [
      SPAN.replace('"ai"', '"gpu"'),
      '"kind" is "gpu", expected one of ai, pre, post, serialize, io, train, load, other, wait',
    ],
    [SPAN.replace('"trace":1', '"trace":{}'), '"trace" is {}, expected a number or a text'],
    [
      '{"t":"summary","where":"a","kind":"ai","count":1,"min":1,"max":1,"sum":1,"bounds":[1,2],"counts":[1]}',
      '1 counts for 2 bounds, expected as many or one more',
    ],
    [
      '{"t":"summary","where":"a","kind":"ai","count":1,"min":1,"max":1,"sum":1,"bounds":[2,1],"counts":[1,0]}',
      '"bounds" do not rise',
    ],
    [
      '{"t":"graph","nodes":[{"id":"a"}],"edges":[{"from":"a","to":"z"}]}',
      "an edge names the node 'z', which is not there",
    ],
    ['{"t":"graph","nodes":[{"id":"a"},{"id":"a"}],"edges":[]}', 'two nodes have the same id'],
    [
      '{"t":"graph","nodes":[{"id":"a","replicas":0}],"edges":[]}',
      "node 'a' has 0 replicas, expected 1 or more",
    ],
    [
      '{"t":"quality","what":"x","value":1,"better":"bigger"}',
      '"better" is "bigger", expected higher or lower',
    ],
  ])('%s', (line, message) => {
    const { runs, problems, problemCount } = readRecords(`${HEADER}\n${SPAN}\n${line}\n${SPAN}`);
    expect(problemCount).toBe(1);
    expect(problems[0]).toMatchObject({ line: 3, message });
    expect(runs[0]?.spans).toHaveLength(2);
  });

  it('before a header, or after one of an unknown format, belong to no run', () => {
    expect(readRecords(SPAN).problems[0]?.message).toContain(
      'a header line {"plumb_run":1,…} must stand before it',
    );
    const { runs, problems } = readRecords(`${HEADER}\n{"plumb_run":2}\n${SPAN}`);
    expect(runs[0]?.spans).toHaveLength(0);
    expect(problems.map((problem) => problem.line)).toEqual([2, 3]);
    expect(problems[0]?.message).toBe('run format 2 is not known; this page reads format 1');
  });

  it('are counted without end but kept only at first, with short excerpts', () => {
    const { problems, problemCount } = readRecords(
      [HEADER, ...Array(500).fill('x'.repeat(10_000))].join('\n'),
    );
    expect(problemCount).toBe(500);
    expect(problems).toHaveLength(20);
    expect(problems[0]?.excerpt.length).toBeLessThan(130);
  });
});
