// The pipeline as a graph: each stage with its time a frame and how busy it is, each channel with
// its queue.
import { ms, percent, shorten, significant } from '../format';
import { s } from '../dom';
import { channelQueue, type Analysis, type Stage } from '../analysis';
import { svgDocument } from '../chart';
import type { Drawing } from '../figure';
import { layOut, type Layout, type Placed, type Sizes } from '../layout';
import { KINDS, type Graph, type GraphEdge } from '../records';
import { FONT, type Theme } from '../theme';

const SIZES: Sizes = { nodeWidth: 152, nodeHeight: 76, gapX: 62, gapY: 44 };
const PAD = 2;
const SIDE = 10; // room for channels that go round a stage

export function drawPipeline(
  box: HTMLElement,
  width: number,
  theme: Theme,
  analysis: Analysis,
  slowest: string | null,
): Drawing {
  const graph = analysis.run.graph as Graph;
  const layout = layOut(graph, width - 2 * (PAD + SIDE), SIZES);
  const height = layout.height + 2 * PAD + (returns(graph, layout) ? 14 : 0);
  const picture = s('svg', {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    'font-family': FONT,
    'font-size': 12,
  });
  picture.append(
    s(
      'defs',
      {},
      s(
        'marker',
        {
          id: 'arrow',
          viewBox: '0 0 8 8',
          refX: 7,
          refY: 4,
          markerWidth: 7,
          markerHeight: 7,
          orient: 'auto',
        },
        s('path', { d: 'M0 0L8 4L0 8z', fill: theme.faint }),
      ),
    ),
    s('rect', { width, height, fill: theme.background }),
  );
  const scene = s('g', { transform: `translate(${PAD + SIDE} ${PAD})` });
  graph.edges.forEach((edge, i) => scene.append(drawEdge(edge, i, layout, theme, analysis)));
  const stages = new Map(analysis.stages.map((stage) => [stage.id, stage]));
  const longest = Math.max(...graph.nodes.map((node) => stages.get(node.id)?.work ?? 0), 1);
  for (const node of graph.nodes) {
    const placed = layout.nodes.get(node.id);
    const stage = stages.get(node.id);
    if (placed === undefined || stage === undefined) continue;
    scene.append(
      drawNode(placed, stage, theme, longest, analysis.frames.length, node.id === slowest),
    );
  }
  picture.append(scene);
  box.append(picture);
  return {
    svg: () => svgDocument(picture.cloneNode(true) as SVGSVGElement),
    dispose: () => picture.remove(),
  };
}

function returns(graph: Graph, layout: Layout): boolean {
  return graph.edges.some(
    ({ from, to }) => (layout.nodes.get(from)?.layer ?? 0) >= (layout.nodes.get(to)?.layer ?? 0),
  );
}

function label(
  x: number,
  y: number,
  text: string,
  fill: string,
  more: Record<string, string | number> = {},
): SVGTextElement {
  return s('text', { x, y, fill, ...more }, text);
}

function drawNode(
  at: Placed,
  stage: Stage,
  theme: Theme,
  longest: number,
  frames: number,
  slowest: boolean,
): SVGGElement {
  const inner = at.width - 20;
  const room = Math.floor(inner / 8.2) - (stage.replicas > 1 ? 4 : 0);
  const group = s(
    'g',
    { transform: `translate(${at.x} ${at.y})` },
    s('title', {}, `${stage.label}: busy ${percent(stage.busy)}`),
    s('rect', {
      width: at.width,
      height: SIZES.nodeHeight,
      rx: 6,
      fill: theme.background,
      stroke: slowest ? theme.text : theme.faint,
      'stroke-width': slowest ? 2.5 : 1,
    }),
    label(10, 19, shorten(stage.label, room), theme.text, { 'font-weight': 600, 'font-size': 13 }),
  );
  if (stage.replicas > 1) {
    group.append(
      label(at.width - 10, 19, `× ${stage.replicas}`, theme.faint, { 'text-anchor': 'end' }),
    );
  }
  const perFrame = frames > 0 ? significant(ms(stage.work / frames)) : '–';
  group.append(label(10, 38, `${perFrame} ms`, theme.text));
  group.append(
    label(
      at.width - 10,
      38,
      `busy ${Math.round(stage.busy * 100)} %`,
      slowest ? theme.text : theme.faint,
      { 'text-anchor': 'end', 'font-weight': slowest ? 600 : 400 },
    ),
  );
  let x = 10;
  for (const kind of KINDS) {
    if (kind === 'wait' || stage.self[kind] <= 0) continue;
    const wide = (stage.self[kind] / longest) * inner;
    group.append(
      s('rect', {
        x,
        y: 50,
        width: Math.max(wide - (wide > 3 ? 1 : 0), 1),
        height: 14,
        fill: theme.kinds[kind],
      }),
    );
    x += wide;
  }
  group.append(s('path', { d: `M10 48v18`, stroke: theme.faint }));
  return group;
}

/** Mean depth over capacity, and the waiting a frame meets in front of the stage. */
function queueText(
  edge: GraphEdge,
  analysis: Analysis,
): { depth: string; wait: string; full: number | null } {
  const stage = analysis.stages.find((one) => one.id === edge.to);
  const inbound = analysis.run.graph?.edges.filter((other) => other.to === edge.to).length ?? 1;
  const mean = channelQueue(analysis.run, edge)?.mean ?? null;
  const depth =
    mean === null
      ? edge.capacity === null
        ? ''
        : `max ${edge.capacity}`
      : significant(mean, 2) + (edge.capacity === null ? '' : ` / ${edge.capacity}`);
  const frames = analysis.frames.length;
  const waits = stage !== undefined && frames > 0 && stage.self.wait > 0 && inbound === 1;
  return {
    depth,
    wait: waits ? `${significant(ms(stage.self.wait / frames), 2)} ms` : '',
    full:
      mean === null || edge.capacity === null || edge.capacity <= 0
        ? null
        : Math.min(1, mean / edge.capacity),
  };
}

/** The queue as a level in a box: empty, filling, full. */
function tank(x: number, y: number, full: number, theme: Theme): SVGGElement {
  return s(
    'g',
    {},
    s('rect', { x, y, width: 30, height: 8, fill: theme.background, stroke: theme.faint }),
    s('rect', { x, y, width: 30 * full, height: 8, fill: theme.kinds.wait }),
  );
}

function drawEdge(
  edge: GraphEdge,
  index: number,
  layout: Layout,
  theme: Theme,
  analysis: Analysis,
): SVGGElement {
  const group = s('g');
  const from = layout.nodes.get(edge.from);
  const to = layout.nodes.get(edge.to);
  if (from === undefined || to === undefined) return group;
  const { path, x, y } = layout.vertical
    ? verticalPath(from, to, index)
    : from.row === to.row
      ? rowPath(from, to)
      : wrapPath(from, to, index, layout);
  group.append(
    s('path', {
      d: path,
      fill: 'none',
      stroke: theme.faint,
      'stroke-width': 1.5,
      'marker-end': 'url(#arrow)',
    }),
  );
  const { depth, wait, full } = queueText(edge, analysis);
  if (layout.vertical) {
    if (to.row - from.row !== 1) return group;
    if (full !== null) group.append(tank(x + 14, y - 4, full, theme));
    const words = [depth && `queue ${depth}`, wait && `waits ${wait}`].filter(Boolean).join(', ');
    group.append(label(x + (full === null ? 14 : 52), y + 4, words, theme.faint));
    return group;
  }
  // A halo keeps the words readable where a line passes behind them.
  const middle = {
    'text-anchor': 'middle',
    'font-size': 11,
    'paint-order': 'stroke',
    stroke: theme.background,
    'stroke-width': 4,
  };
  if (depth) group.append(label(x, y - (full === null ? 7 : 19), depth, theme.faint, middle));
  if (full !== null) group.append(tank(x - 15, y - 14, full, theme));
  if (wait) group.append(label(x, y + 17, wait, theme.faint, middle));
  return group;
}

interface Path {
  path: string;
  x: number;
  y: number;
}

const CENTRE = SIZES.nodeHeight / 2;

function rowPath(from: Placed, to: Placed): Path {
  const x0 = from.x + from.width;
  const y0 = from.y + CENTRE;
  const y1 = to.y + CENTRE;
  if (to.layer - from.layer !== 1) return archPath(from, to);
  const x = (x0 + to.x) / 2;
  return { path: `M${x0} ${y0}C${x} ${y0} ${x} ${y1} ${to.x - 1} ${y1}`, x, y: (y0 + y1) / 2 };
}

/** Passes under the nodes between, for edges that skip layers or go back. */
function archPath(from: Placed, to: Placed): Path {
  const x0 = from.x + from.width * 0.7;
  const x1 = to.x + to.width * 0.3;
  const y0 = from.y + SIZES.nodeHeight;
  const y1 = to.y + SIZES.nodeHeight;
  const low = Math.max(y0, y1) + 10;
  return {
    path:
      `M${x0} ${y0}V${low - 4}Q${x0} ${low} ${x0 + Math.sign(x1 - x0) * 4} ` +
      `${low}H${x1}V${y1 + 1}`,
    x: (x0 + x1) / 2,
    y: low,
  };
}

/** From the end of one row to the start of a later one, through the space between them. */
function wrapPath(from: Placed, to: Placed, index: number, layout: Layout): Path {
  const nodes = [...layout.nodes.values()];
  const column = (node: Placed): Placed[] => nodes.filter((other) => other.layer === node.layer);
  const lowest =
    Math.max(from.y, ...nodes.filter((n) => n.row === to.row - 1).map((n) => n.y)) +
    SIZES.nodeHeight;
  const y = lowest + SIZES.gapY + 7 * ((index % 3) - 1);
  const last = column(from).every((other) => other.y <= from.y);
  const first = column(to).every((other) => other.y >= to.y);
  const x0 = last ? from.x + from.width / 2 : from.x + from.width + SIDE;
  const x1 = first ? to.x + to.width / 2 : to.x - SIDE;
  const start = last
    ? `M${x0} ${from.y + SIZES.nodeHeight}`
    : `M${from.x + from.width} ${from.y + CENTRE}H${x0}`;
  const end = first ? `V${to.y - 1}` : `V${to.y + CENTRE}H${to.x - 1}`;
  return { path: `${start}V${y}H${x1}${end}`, x: (x0 + x1) / 2, y };
}

function verticalPath(from: Placed, to: Placed, index: number): Path {
  const x = from.x + 24;
  if (to.row - from.row === 1) {
    const y0 = from.y + SIZES.nodeHeight;
    return { path: `M${x} ${y0}V${to.y - 1}`, x, y: (y0 + to.y) / 2 };
  }
  const side = from.x + from.width + 8 + 5 * (index % 4);
  const y0 = from.y + CENTRE;
  const y1 = to.y + CENTRE;
  return {
    path: `M${from.x + from.width} ${y0}H${side}V${y1}H${to.x + to.width + 1}`,
    x,
    y: to.y - SIZES.gapY / 2,
  };
}
