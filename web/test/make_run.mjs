// Writes a run file as a pipeline with queues would: simulated from a seed, so that every figure of
// a page can be foretold. `node test/make_run.mjs [--seed N] [--frames N] [--slow X] [--profile]`.
import { pathToFileURL } from 'node:url';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

// Times in milliseconds; `each` multiplies by the faces in a frame.
const STAGES = [
  { id: 'video', label: 'video', kind: 'io', replicas: 1, ms: 3.1, capacity: 0 },
  { id: 'resize', label: 'resize', kind: 'pre', replicas: 1, ms: 2.4, capacity: 8 },
  { id: 'detect', label: 'detector', kind: 'ai', replicas: 1, ms: 10.5, capacity: 8, steps: 6 },
  { id: 'decode', label: 'decode and NMS', kind: 'post', replicas: 1, ms: 1.2, capacity: 8 },
  {
    id: 'crop',
    label: 'crop and align',
    kind: 'pre',
    replicas: 1,
    ms: 0.5,
    each: true,
    capacity: 8,
  },
  { id: 'embed', label: 'embedder', kind: 'ai', replicas: 2, ms: 1.9, each: true, capacity: 8 },
  { id: 'match', label: 'gallery', kind: 'post', replicas: 1, ms: 0.09, each: true, capacity: 16 },
  { id: 'draw', label: 'draw', kind: 'post', replicas: 1, ms: 1.7, capacity: 8 },
  { id: 'write', label: 'write', kind: 'serialize', replicas: 1, ms: 4.2, capacity: 8 },
];

function header(id, settings) {
  return {
    plumb_run: 1,
    id,
    command: ['plumb', 'pipeline', 'run', 'faces.yaml', '--report', 'out/my faces'],
    started: '2026-01-31T12:00:00.000Z',
    commit: '0123456789abcdef0123',
    machine: {
      processor: 'Test Processor 9000',
      cores: 6,
      isa: 'avx512',
      memory_gb: 24,
      governor: 'none',
      virtual: true,
    },
    limits: { fma_gflops: 118.4, memory_gb_per_s: 21.7 },
    settings: { threads: 2, precision: 'fp32', ...settings },
  };
}

/** An application's run. `slow` multiplies the time of the networks. */
export function applicationRun({ seed = 1, frames = 300, slow = 1, id = 'faces' } = {}) {
  const random = generator(seed);
  const vary = () => 0.85 + 0.25 * random() + (random() < 0.02 ? 1.6 * random() : 0);
  const lines = [
    header(id, { source_fps: 30, seed, ai_scale: slow }),
    {
      t: 'graph',
      name: 'faces',
      nodes: STAGES.map(({ id, label, kind, replicas }) => ({ id, label, kind, replicas })),
      edges: STAGES.slice(1).map((stage, i) => ({
        from: STAGES[i].id,
        to: stage.id,
        capacity: stage.capacity,
      })),
    },
  ];
  const free = STAGES.map((stage) => new Array(stage.replicas).fill(0));
  const left = STAGES.map(() => []); // when each frame left a stage, for back-pressure
  const taken = STAGES.map(() => []); // when a stage took it from the queue in front
  let next = 1;
  for (let frame = 0; frame < frames; frame++) {
    const faces = 3 + Math.floor(random() * 4);
    let ready = 0;
    STAGES.forEach((stage, s) => {
      const replica = free[s].indexOf(Math.min(...free[s]));
      const begin = Math.max(ready, free[s][replica]);
      const ms = stage.ms * (stage.each ? faces : 1) * vary() * (stage.kind === 'ai' ? slow : 1);
      const end = begin + Math.round(ms * 1e6);
      const thread = `${stage.id}${stage.replicas > 1 ? ` ${replica + 1}` : ''}`;
      if (s > 0 && begin > ready) {
        lines.push({
          t: 'span',
          trace: frame,
          id: next++,
          where: stage.id,
          kind: 'wait',
          begin: ready,
          end: begin,
        });
      }
      const parent = next++;
      lines.push({
        t: 'span',
        trace: frame,
        id: parent,
        where: stage.id,
        kind: stage.kind,
        due: s === 0 ? begin : undefined,
        begin,
        end,
        items: stage.each ? faces : 1,
        cpu_ns: Math.round((end - begin) * 0.97),
        thread,
      });
      for (let step = 0; step < (stage.steps ?? 0); step++) {
        const part = ((end - begin) * 0.95) / stage.steps;
        lines.push({
          t: 'span',
          trace: frame,
          id: next++,
          parent,
          where: `conv_${step + 1}`,
          kind: 'ai',
          begin: Math.round(begin + step * part),
          end: Math.round(begin + (step + 1) * part),
          thread,
          ops: 4e8,
        });
      }
      // A full queue behind holds the replica until the next stage takes a frame.
      const room = STAGES[s + 1]?.capacity ?? Infinity;
      const held = frame >= room ? (left[s + 1]?.[frame - room] ?? 0) : 0;
      free[s][replica] = Math.max(end, held);
      left[s][frame] = Math.max(end, held);
      taken[s][frame] = begin;
      ready = left[s][frame];
    });
    if (frame % 10 === 0)
      lines.push({
        t: 'sample',
        at: ready,
        what: 'rss',
        where: '',
        value: 180 + frame / 20 + random(),
        unit: 'MB',
      });
  }
  const end = left.at(-1).at(-1);
  for (let at = 0; at < end; at += end / 150) {
    STAGES.slice(1).forEach((stage, i) => {
      const value =
        left[i].filter((t) => t <= at).length - taken[i + 1].filter((t) => t <= at).length;
      lines.push({
        t: 'sample',
        at: Math.round(at),
        what: 'queue.depth',
        where: stage.id,
        value,
        unit: 'frames',
      });
    });
  }
  lines.push({
    t: 'event',
    at: 5e8,
    where: 'video',
    what: 'failed',
    why: 'frame 17: corrupt <data> & "quotes"',
  });
  for (const [what, value, target, better, count] of [
    ['recall', 0.981, 0.95, 'higher', 5210],
    ['precision', 0.992, 0.95, 'higher', 5188],
    ['rank1', 0.941, 0.95, 'higher', 4100],
    ['stranger_acceptance', 0.011, 0.02, 'lower', 700],
  ]) {
    lines.push({ t: 'quality', what, value, target, better, count });
  }
  return lines;
}

/** A model's profile: repeated runs, a span for each step. */
export function profileRun({ seed = 1, runs = 60, steps = 40 } = {}) {
  const random = generator(seed);
  const lines = [header('resnet50 profile', { batch: 1 })];
  const costs = Array.from({ length: steps }, () => 2e5 + 2e6 * random() ** 3);
  let at = 0;
  let id = 1;
  for (let run = 0; run < runs; run++) {
    const begin = at;
    const parent = id++;
    const spans = costs.map((cost, step) => {
      const start = at;
      at += Math.round(cost * (0.95 + 0.1 * random()));
      return {
        t: 'span',
        trace: run,
        id: id++,
        parent,
        where: `step ${step + 1} conv`,
        kind: 'ai',
        begin: start,
        end: at,
        ops: Math.round(cost * 70),
        bytes_in: 200704,
        bytes_out: 100352,
        thread: 'main',
      };
    });
    lines.push(
      {
        t: 'span',
        trace: run,
        id: parent,
        where: 'run',
        kind: 'ai',
        begin,
        end: at,
        thread: 'main',
      },
      ...spans,
    );
    at += 2000;
  }
  return lines;
}

export function toText(lines) {
  return lines.map((line) => JSON.stringify(line)).join('\n') + '\n';
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const option = (name, value) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? value : Number(process.argv[at + 1]);
  };
  const seed = option('seed', 1);
  process.stdout.write(
    toText(
      process.argv.includes('--profile')
        ? profileRun({ seed })
        : applicationRun({ seed, frames: option('frames', 300), slow: option('slow', 1) }),
    ),
  );
}
