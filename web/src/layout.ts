// Places the nodes of a pipeline: layers from sources to sinks, wrapped into rows that fit a width.
import type { Graph } from './records';

export interface Placed {
  id: string;
  x: number;
  y: number;
  width: number;
  row: number;
  layer: number;
}

export interface Layout {
  nodes: Map<string, Placed>;
  width: number;
  height: number;
  /** One node a row, from top to bottom. */
  vertical: boolean;
}

export interface Sizes {
  nodeWidth: number;
  nodeHeight: number;
  gapX: number;
  gapY: number;
}

/** Longest path from a source; edges that close a loop are not followed. */
export function layersOf(graph: Graph): string[][] {
  const next = new Map<string, string[]>(graph.nodes.map((node) => [node.id, []]));
  const degree = new Map<string, number>(graph.nodes.map((node) => [node.id, 0]));
  for (const { from, to } of graph.edges) {
    if (from === to) continue;
    next.get(from)?.push(to);
    degree.set(to, (degree.get(to) ?? 0) + 1);
  }
  const layer = new Map<string, number>();
  const ready = graph.nodes.filter((node) => degree.get(node.id) === 0).map((node) => node.id);
  const seen = new Set<string>(ready);
  for (let done = 0; done < graph.nodes.length; done++) {
    let id = ready[done];
    if (id === undefined) {
      id = graph.nodes.find((node) => !seen.has(node.id))?.id as string;
      seen.add(id);
      ready.push(id);
    }
    const own = layer.get(id) ?? 0;
    layer.set(id, own);
    for (const to of next.get(id) ?? []) {
      if (seen.has(to)) continue;
      layer.set(to, Math.max(layer.get(to) ?? 0, own + 1));
      degree.set(to, (degree.get(to) as number) - 1);
      if (degree.get(to) === 0) {
        seen.add(to);
        ready.push(to);
      }
    }
  }
  const layers: string[][] = [];
  for (const { id } of graph.nodes) {
    const at = layer.get(id) ?? 0;
    (layers[at] ??= []).push(id);
  }
  return layers.filter((ids) => ids !== undefined && ids.length > 0);
}

export function layOut(graph: Graph, width: number, sizes: Sizes): Layout {
  const layers = layersOf(graph);
  const fitting = Math.max(1, Math.floor((width + sizes.gapX) / (sizes.nodeWidth + sizes.gapX)));
  if (fitting < 3 && layers.length > fitting)
    return layOutVertically(graph, layers.flat(), width, sizes);
  const rows = Math.ceil(layers.length / fitting);
  const perRow = Math.ceil(layers.length / Math.max(1, rows));
  const pitchX =
    perRow > 1
      ? Math.min((width - sizes.nodeWidth) / (perRow - 1), sizes.nodeWidth + 3 * sizes.gapX)
      : 0;
  const nodes = new Map<string, Placed>();
  let top = 0;
  for (let row = 0; row < rows; row++) {
    const part = layers.slice(row * perRow, (row + 1) * perRow);
    const tallest = Math.max(...part.map((ids) => ids.length));
    const tall = tallest * sizes.nodeHeight + (tallest - 1) * sizes.gapY;
    part.forEach((ids, column) => {
      const own = ids.length * sizes.nodeHeight + (ids.length - 1) * sizes.gapY;
      ids.forEach((id, i) =>
        nodes.set(id, {
          id,
          row,
          layer: row * perRow + column,
          width: sizes.nodeWidth,
          x: column * pitchX,
          y: top + (tall - own) / 2 + i * (sizes.nodeHeight + sizes.gapY),
        }),
      );
    });
    top += tall + 2 * sizes.gapY;
  }
  return { nodes, width, height: Math.max(0, top - 2 * sizes.gapY), vertical: false };
}

function layOutVertically(
  graph: Graph,
  order: readonly string[],
  width: number,
  sizes: Sizes,
): Layout {
  const row = new Map(order.map((id, i) => [id, i]));
  const passing = graph.edges.some(
    ({ from, to }) => (row.get(to) as number) - (row.get(from) as number) !== 1,
  );
  const pitch = sizes.nodeHeight + sizes.gapY;
  const nodes = new Map(
    order.map((id, i): [string, Placed] => [
      id,
      { id, row: i, layer: i, width: width - (passing ? 16 : 0), x: 0, y: i * pitch },
    ]),
  );
  return { nodes, width, height: Math.max(0, order.length * pitch - sizes.gapY), vertical: true };
}
