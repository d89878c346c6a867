// Records for the browser test.
import { applicationRun, profileRun } from './make_run.mjs';

const HOSTILE = '<img src=x onerror=alert(1)></script><script>alert(2)</script>&amp;"\'`${x}';

/** Records that try to break out of the page, the tables and the pictures. */
function hostileRun() {
  return applicationRun({ frames: 20, id: HOSTILE }).map((line) => {
    const text = JSON.stringify(line)
      .replaceAll('"detect"', JSON.stringify(HOSTILE))
      .replaceAll('"detector"', JSON.stringify(HOSTILE));
    return JSON.parse(text);
  });
}

/** Stages side by side, a channel that passes by, a stage without records. */
function branchedRun() {
  const lines = applicationRun({ frames: 60 });
  const graph = lines.find((line) => line.t === 'graph');
  graph.edges = [
    ['video', 'resize'],
    ['resize', 'detect'],
    ['resize', 'decode'],
    ['detect', 'crop'],
    ['decode', 'crop'],
    ['crop', 'embed'],
    ['crop', 'match'],
    ['embed', 'draw'],
    ['match', 'draw'],
    ['video', 'draw'],
    ['draw', 'write'],
    ['write', 'idle'],
  ].map(([from, to]) => ({ from, to, capacity: 8 }));
  graph.nodes.push({
    id: 'idle',
    kind: 'other',
    replicas: 3,
    label: 'a stage with a very long name that never ran',
  });
  return lines;
}

/** Lines of records by the name of what they show. */
export const CASES = {
  application: applicationRun({ frames: 400 }),
  runs: [
    ...applicationRun({ frames: 200, id: 'first' }),
    ...applicationRun({ frames: 200, seed: 2, slow: 0.6, id: 'second' }),
  ],
  profile: profileRun(),
  hostile: hostileRun(),
  branched: branchedRun(),
  'one frame': applicationRun({ frames: 1 }),
  empty: [],
  broken: [
    ...applicationRun({ frames: 5 }),
    '{"t":"span","where":"detect","kind":"gpu","begin":0,"end":1}',
    '{"t":"sp',
  ],
  unreadable: ['no records at all'],
};

/** Sections that must be there. */
export const PARTS = {
  application: [
    'answer',
    'pipeline',
    'stages',
    'latency',
    'timeline',
    'amdahl',
    'quality',
    'steps',
    'samples',
    'events',
    'machine',
  ],
  runs: ['compare', 'pipeline', 'stages'],
  profile: ['answer', 'steps', 'latency', 'timeline', 'machine'],
  hostile: ['pipeline', 'stages', 'timeline'],
  branched: ['pipeline'],
  broken: ['answer'],
  'one frame': ['answer', 'pipeline', 'latency', 'timeline'],
};
