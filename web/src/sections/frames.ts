// Frames through the whole application: distribution of latency, time line, and what faster
// networks give.
import type { Analysis, Frame } from '../analysis';
import { drawLatency, MARKS } from '../charts/latency';
import { drawSpeedups, factorName } from '../charts/speedup';
import { drawTimeLine, layTimeLine, type TimeLine } from '../charts/timeline';
import { button, h } from '../dom';
import { figure, type Easel } from '../figure';
import { duration, ms, plural, significant, whole } from '../format';
import { speedups } from '../forecast';
import { histogram, percentile } from '../stats';
import type { Table } from '../table';

export function latencySection(easel: Easel, analysis: Analysis): HTMLElement | null {
  const { latencies } = analysis;
  if (latencies.length === 0) return null;
  const marks = MARKS.map((p) => ({ p, at: percentile(latencies, p) }));
  const summary =
    `${plural(latencies.length, analysis.profile ? 'run' : 'frame')}: ` +
    marks.map(({ p, at }) => `p${p * 100} ${at === null ? '–' : duration(at.value)}`).join(', ') +
    `; least ${duration(latencies[0] as number)}, greatest ` +
    `${duration(latencies[latencies.length - 1] as number)}.`;
  return h(
    'section',
    { id: 'latency', 'aria-labelledby': 'latency-heading' },
    h('h2', { id: 'latency-heading' }, 'Latency'),
    figure(easel, {
      id: 'latency-histogram',
      title: 'End-to-end latency',
      summary,
      note:
        'Latency runs from when a frame arrived (at native rate: was due) until its last stage was done. ' +
        'Percentiles ' +
        'are measured values ' +
        '(order statistics); the band behind each is its 95 % confidence interval, which treats ' +
        'frames as independent.',
      draw: (box, width, theme) => drawLatency(box, width, theme, latencies),
      table: () => latencyTable(latencies),
    }),
  );
}

function latencyTable(latencies: readonly number[]): Table {
  const { bins, beyond } = histogram(latencies.map(ms));
  return {
    caption: 'Frames by latency',
    columns: [
      { title: 'from', unit: 'ms', type: 'number' },
      { title: 'to', unit: 'ms', type: 'number' },
      { title: 'frames', type: 'count' },
    ],
    rows: [
      ...bins.map((bin) => [bin.low, bin.high, bin.count]),
      ...(beyond > 0 ? [[bins[bins.length - 1]?.high ?? 0, Infinity, beyond]] : []),
    ],
  };
}

const SHOWN_FRAMES = 4;

export function timeLineSection(easel: Easel, analysis: Analysis): HTMLElement | null {
  const { frames, nodes } = analysis;
  if (frames.length === 0) return null;
  let first = Math.max(0, Math.floor((frames.length - SHOWN_FRAMES) / 2));
  const slowest = frames.reduce(
    (most, frame, i) => (frame.latency > (frames[most] as Frame).latency ? i : most),
    0,
  );
  let line = layTimeLine(nodes, frames.slice(first, first + SHOWN_FRAMES));
  const said = h('p', { class: 'said', role: 'status' });
  const earlier = button('Earlier', () => show(first - SHOWN_FRAMES));
  const later = button('Later', () => show(first + SHOWN_FRAMES));
  const worst = button('Slowest frame', () => show(slowest - 1));
  const describe = (): void => {
    const last = Math.min(frames.length, first + SHOWN_FRAMES);
    const names = [frames[first], frames[last - 1]].map((frame) => String(frame?.trace ?? ''));
    said.textContent =
      `${analysis.profile ? 'Runs' : 'Frames'} ${names.join(' to ')}, ${whole(frames.length)} ` +
      `measured` +
      (line.hidden > 0 ? `; the shortest ${plural(line.hidden, 'span')} left out.` : '.');
    earlier.disabled = first <= 0;
    later.disabled = last >= frames.length;
  };
  const show = (wanted: number): void => {
    first = Math.max(0, Math.min(frames.length - SHOWN_FRAMES, wanted));
    line = layTimeLine(nodes, frames.slice(first, first + SHOWN_FRAMES));
    describe();
    const box = section.querySelector<HTMLElement>('.picture');
    if (box !== null) easel.refresh(box);
  };
  describe();
  const section = h(
    'section',
    { id: 'timeline', 'aria-labelledby': 'timeline-heading' },
    h('h2', { id: 'timeline-heading' }, 'Time line'),
    figure(easel, {
      id: 'time-line',
      title: analysis.profile ? 'Some runs' : 'Some frames',
      summary:
        'A lane for each thread. The chosen frames in full colour with their number and stage, ' +
        'work on other frames in the same time faint; waiting in lanes of its own.',
      controls: h('div', { class: 'tools' }, earlier, later, worst, said),
      draw: (box, width, theme) => drawTimeLine(box, width, theme, line),
      table: () => timeLineTable(line),
    }),
  );
  return section;
}

function timeLineTable(line: TimeLine): Table {
  return {
    caption: 'Spans of the time line',
    head: 1,
    columns: [
      { title: 'frame', type: 'text' },
      { title: 'where', type: 'text' },
      { title: 'kind', type: 'text' },
      { title: 'thread', type: 'text' },
      { title: 'begin', unit: 'ms', type: 'number' },
      { title: 'duration', unit: 'ms', type: 'number' },
      { title: 'self time', unit: 'ms', type: 'number' },
    ],
    rows: line.placements
      .filter((placement) => placement.chosen)
      .map(({ node: { span, selfNs } }) => [
        String(span.trace ?? ''),
        span.where,
        span.kind,
        span.thread,
        ms(span.begin - line.begin),
        ms(span.end - span.begin),
        ms(selfNs),
      ]),
  };
}

export function speedupSection(easel: Easel, analysis: Analysis): HTMLElement | null {
  const curve = analysis.profile ? null : speedups(analysis);
  if (curve === null) return null;
  const limit = curve[curve.length - 1];
  if (limit === undefined) return null;
  const through =
    limit.throughput === null ? '' : `, its throughput at most ${significant(limit.throughput)}×`;
  return h(
    'section',
    { id: 'amdahl', 'aria-labelledby': 'amdahl-heading' },
    h('h2', { id: 'amdahl-heading' }, 'Faster networks'),
    figure(easel, {
      id: 'speed-up',
      title: 'What a faster AI part gives (Amdahl)',
      summary:
        `With networks that take no time at all, a frame's own work would be ` +
        `${significant(limit.work)}× as fast${through}.`,
      note:
        'Computed from these records. Throughput: the lowest bound of all stages and of the ' +
        'processor, before and after. ' +
        'Work of a frame alone: its mean time without waiting. Latency: its mean with all ' +
        'waiting as it is, which is a lower ' +
        'bound, since queues shrink when stages get faster.',
      draw: (box, width, theme) => drawSpeedups(box, width, theme, curve),
      table: () => ({
        caption: 'Speed-up of the application',
        columns: [
          { title: 'AI part', type: 'text' },
          { title: 'throughput', unit: '×', type: 'number' },
          { title: 'work of a frame alone', unit: '×', type: 'number' },
          { title: 'latency, waiting unchanged', unit: '×', type: 'number' },
        ],
        rows: curve.map((point) => [
          factorName(point.factor),
          point.throughput,
          point.work,
          point.latency,
        ]),
      }),
    }),
  );
}
