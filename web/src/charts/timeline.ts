// A time line of some frames: a lane for each thread, the frames' own spans in full colour, work on
// other frames faint; waiting has lanes of its own, one for each stage it waits for.
import type { Frame } from '../analysis';
import { axisStyle, draw, escapeHtml, kindStyle, legend, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { duration, ms, shorten } from '../format';
import type { Key } from '../records';
import type { Node } from '../spans';
import { KIND_NAMES, type Theme } from '../theme';

/** Spans drawn at most; the longest stay. */
export const MOST_SPANS = 1200;

export interface Lane {
  name: string;
  /** Nested or overlapping spans stand in rows below each other. */
  rows: number;
}

export interface Placement {
  node: Node;
  lane: number;
  row: number;
  chosen: boolean;
}

export interface TimeLine {
  begin: number;
  end: number;
  lanes: Lane[];
  placements: Placement[];
  /** Spans left out. */
  hidden: number;
}

const WAIT = 'wait: ';

function laneName(node: Node): string {
  if (node.span.kind === 'wait') return WAIT + node.stage;
  return node.span.thread ?? node.stage;
}

/**
 * Lanes in the order in which the chosen frames come to them: the way through the pipeline falls.
 */
function laneOrder(nodes: readonly Node[], chosen: ReadonlySet<Key>): string[] {
  const first = new Map<string, number>();
  for (const node of nodes) {
    const name = laneName(node);
    const own = node.span.trace !== null && chosen.has(node.span.trace);
    first.set(name, Math.min(first.get(name) ?? Infinity, own ? node.span.begin : Infinity));
  }
  const at = (name: string): number => first.get(name) ?? Infinity;
  return [...first.keys()].sort((a, b) =>
    at(a) === at(b) ? a.localeCompare(b, 'en', { numeric: true }) : at(a) - at(b),
  );
}

/** Collects what happened between the first due time and the last end of the frames. */
export function layTimeLine(nodes: readonly Node[], frames: readonly Frame[]): TimeLine {
  const begin = Math.min(...frames.map((frame) => frame.due));
  const end = Math.max(...frames.map((frame) => frame.end));
  const chosen = new Set<Key>(frames.map((frame) => frame.trace));
  let seen = nodes.filter(({ span }) => {
    if (span.end < begin || span.begin > end || span.end === span.begin) return false;
    const own = span.trace !== null && chosen.has(span.trace);
    return own || span.kind !== 'wait';
  });
  const all = seen.length;
  if (all > MOST_SPANS) {
    const length = ({ span }: Node): number =>
      (span.end - span.begin) * (span.trace !== null && chosen.has(span.trace) ? 1e3 : 1);
    seen = [...seen].sort((a, b) => length(b) - length(a)).slice(0, MOST_SPANS);
  }
  const names = laneOrder(seen, chosen);
  const lanes = names.map((name): Lane => ({ name, rows: 1 }));
  const free = names.map((): number[] => []);
  const placements = seen
    .sort((a, b) => a.span.begin - b.span.begin || b.span.end - a.span.end)
    .map((node): Placement => {
      const lane = names.indexOf(laneName(node));
      const rows = free[lane] as number[];
      let row = rows.findIndex((until) => until <= node.span.begin);
      if (row < 0) row = rows.length;
      rows[row] = node.span.end;
      (lanes[lane] as Lane).rows = rows.length;
      return { node, lane, row, chosen: node.span.trace !== null && chosen.has(node.span.trace) };
    });
  return { begin, end, lanes, placements, hidden: all - seen.length };
}

interface Api {
  coord(data: [number, number]): [number, number];
  size(data: [number, number]): [number, number];
}

export function drawTimeLine(
  box: HTMLElement,
  width: number,
  theme: Theme,
  line: TimeLine,
): Drawing {
  const narrow = width < 640;
  const rowHeight = 20;
  const tops: number[] = [];
  let total = 0;
  for (const lane of line.lanes) {
    tops.push(total);
    total += lane.rows * rowHeight * (lane.name.startsWith(WAIT) ? 0.6 : 1) + 8;
  }
  const room = narrow ? 12 : 26;
  const left = Math.min(
    narrow ? 96 : 190,
    22 + 7 * Math.max(6, ...line.lanes.map((lane) => Math.min(room, lane.name.length))),
  );
  const kinds = [...new Set(line.placements.map((placement) => placement.node.span.kind))];
  const key = legend(
    kinds.map((kind) => KIND_NAMES[kind]),
    width,
    theme,
  );
  const style = axisStyle(theme);
  const at = (ns: number): number => ms(ns - line.begin);
  return draw(box, width, key.height + total + 56, theme, {
    legend: key.option,
    grid: plot({ left, right: 16, top: key.height + 12, height: total }),
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'item',
      formatter: (p: { seriesIndex: number; dataIndex: number }) =>
        describe(
          line.placements.filter((x) => x.node.span.kind === kinds[p.seriesIndex])[p.dataIndex],
          line,
        ),
    },
    xAxis: {
      type: 'value',
      min: 0,
      max: at(line.end),
      name: 'ms from the first of these frames',
      nameLocation: 'middle',
      nameGap: 28,
      splitNumber: narrow ? 4 : 8,
      ...style,
      axisLine: { ...(style['axisLine'] as object), onZero: false },
      axisLabel: { ...(style['axisLabel'] as object), showMaxLabel: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: total,
      inverse: true,
      show: true,
      interval: total,
      axisLabel: { show: false },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    series: [
      ...kinds.map((kind) => ({
        type: 'custom',
        name: KIND_NAMES[kind],
        clip: true,
        itemStyle: kindStyle(kind, theme),
        data: line.placements
          .filter((x) => x.node.span.kind === kind)
          .map((x) => [at(x.node.span.begin), at(x.node.span.end)]),
        encode: { x: [0, 1] },
        renderItem: renderer(
          line,
          line.placements.filter((x) => x.node.span.kind === kind),
          tops,
          rowHeight,
          theme,
        ),
      })),
      {
        type: 'custom',
        silent: true,
        data: line.lanes.map((_, i) => [0, i]),
        encode: { x: 0 },
        renderItem: (params: { dataIndex: number }, api: Api) => {
          const y = api.coord([0, tops[params.dataIndex] as number])[1];
          const lane = line.lanes[params.dataIndex] as Lane;
          return {
            type: 'group',
            children: [
              {
                type: 'text',
                style: {
                  text: shorten(lane.name, room),
                  x: left - 8,
                  y: y + 4,
                  align: 'right',
                  fill: theme.text,
                  fontSize: 12,
                },
              },
              {
                type: 'line',
                shape: { x1: left, y1: y - 3, x2: width - 16, y2: y - 3 },
                style: { stroke: theme.line, lineWidth: 1 },
              },
            ],
          };
        },
      },
    ],
  });
}

function renderer(
  line: TimeLine,
  placements: readonly Placement[],
  tops: readonly number[],
  rowHeight: number,
  theme: Theme,
) {
  return (params: { dataIndex: number }, api: Api): object => {
    const { node, lane, row, chosen } = placements[params.dataIndex] as Placement;
    const { span } = node;
    const wait = span.kind === 'wait';
    const height = rowHeight * (wait ? 0.6 : 1);
    const begin = Math.max(span.begin, line.begin);
    const end = Math.min(span.end, line.end);
    const [x0, y] = api.coord([ms(begin - line.begin), (tops[lane] as number) + row * height]);
    const [x1] = api.coord([ms(end - line.begin), 0]);
    const wide = Math.max(1, x1 - x0 - 0.5);
    const room = Math.floor((wide - 6) / 6.4);
    const text = [`${span.trace} ${span.where}`, String(span.trace)].find(
      (name) => name.length <= room,
    );
    return {
      type: 'rect',
      shape: { x: x0, y, width: wide, height: height - 2 },
      style: { fill: theme.kinds[span.kind], opacity: chosen ? 1 : 0.28 },
      textContent:
        chosen && !wait && text !== undefined
          ? { style: { text, fill: theme.background, fontSize: 11 } }
          : undefined,
      textConfig: { position: 'insideLeft', distance: 3 },
    };
  };
}

function describe(placement: Placement | undefined, line: TimeLine): string {
  if (placement === undefined) return '';
  const { span, selfNs } = placement.node;
  const rows = [
    `<b>${escapeHtml(span.where)}</b> (${KIND_NAMES[span.kind]})`,
    span.trace === null ? '' : `frame ${escapeHtml(String(span.trace))}`,
    `${duration(span.end - span.begin)}, of it ${duration(selfNs)} its own`,
    `from ${duration(span.begin - line.begin)}`,
    span.thread === null ? '' : `thread ${escapeHtml(span.thread)}`,
    span.note === null ? '' : escapeHtml(shorten(span.note, 80)),
  ];
  return rows.filter(Boolean).join('<br>');
}
