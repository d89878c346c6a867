// The distribution of latency as a histogram, with percentiles and their intervals.
import { axisStyle, draw, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { ms, significant, whole } from '../format';
import { histogram, percentile, type Percentile } from '../stats';
import type { Theme } from '../theme';

interface Api {
  value(dimension: number): number;
  coord(data: [number, number]): [number, number];
}

export const MARKS = [0.5, 0.9, 0.99];

export function drawLatency(
  box: HTMLElement,
  width: number,
  theme: Theme,
  rising: readonly number[],
): Drawing {
  const { bins, beyond } = histogram(rising.map(ms));
  const marks = MARKS.map((p) => percentile(rising, p)).filter((mark) => mark !== null);
  const first = bins[0];
  const last = bins[bins.length - 1];
  const peak = Math.max(...bins.map((bin) => bin.count));
  const room = 1.34 * peak; // above the bars, for the labels of the percentiles
  const style = axisStyle(theme);
  const left = 20 + 8 * whole(peak).length;
  const narrow = width < 640;
  return draw(box, width, narrow ? 300 : 340, theme, {
    grid: plot({ left: left + 18, right: 18, top: 12, bottom: 52 }),
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'item',
      formatter: ({ value: [low, high, count] }: { value: [number, number, number] }) =>
        `${significant(low)} to ${significant(high)} ms: <b>${whole(count)}</b> frames`,
    },
    xAxis: {
      type: 'value',
      min: first?.low,
      max: last?.high,
      nameLocation: 'middle',
      nameGap: 30,
      name:
        'latency, from arrival until done, ms' +
        (beyond > 0 ? ` (${whole(beyond)} beyond the right end)` : ''),
      splitNumber: narrow ? 4 : 8,
      ...style,
      splitLine: { show: false },
      axisLabel: {
        ...(style['axisLabel'] as object),
        showMaxLabel: false,
        alignMinLabel: 'left',
        formatter: significantTick,
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: room,
      name: 'frames',
      nameLocation: 'middle',
      nameGap: left,
      minInterval: 1,
      ...style,
      axisLabel: { ...(style['axisLabel'] as object), showMaxLabel: false },
      splitLine: { ...(style['splitLine'] as object), showMaxLine: false },
    },
    series: [
      {
        type: 'custom',
        data: bins.map((bin) => [bin.low, bin.high, bin.count]),
        encode: { x: [0, 1], y: 2 },
        renderItem: (_: unknown, api: Api) => drawBin(api, theme),
      },
      {
        type: 'custom',
        silent: true,
        data: marks.map((mark, i) => [ms(mark.value), i]),
        encode: { x: 0 },
        renderItem: (params: { dataIndex: number }, api: Api) =>
          drawMark(
            api,
            theme,
            marks[params.dataIndex] as Percentile,
            params.dataIndex,
            room,
            last?.high ?? 0,
            width,
          ),
      },
    ],
  });
}

/** Ticks are round already; this only takes away the dust of binary fractions. */
function significantTick(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function drawBin(api: Api, theme: Theme): object {
  const [x0, y0] = api.coord([api.value(0), api.value(2)]);
  const [x1, y1] = api.coord([api.value(1), 0]);
  return {
    type: 'rect',
    shape: { x: x0 + 0.5, y: y0, width: Math.max(1, x1 - x0 - 1), height: y1 - y0 },
    style: { fill: theme.faint, opacity: 0.75 },
  };
}

function drawMark(
  api: Api,
  theme: Theme,
  mark: Percentile,
  index: number,
  room: number,
  right: number,
  width: number,
): object {
  const level = room * (1 - 0.02 - index * 0.085);
  const edge = api.coord([right, 0])[0];
  const [x, y] = api.coord([Math.min(ms(mark.value), right), level]);
  const bottom = api.coord([0, 0])[1];
  const at = (value: number): number => Math.min(edge, api.coord([ms(value), 0])[0]);
  const low = at(mark.low ?? mark.value);
  const high = mark.high === null ? edge : at(mark.high);
  const text = `p${(MARKS[index] as number) * 100}  ${significant(ms(mark.value))} ms`;
  const toLeft = x + 7 * text.length > Math.min(edge, width);
  return {
    type: 'group',
    children: [
      {
        type: 'rect',
        shape: { x: low, y, width: Math.max(1, high - low), height: bottom - y },
        style: { fill: theme.accent, opacity: 0.16 },
      },
      {
        type: 'line',
        shape: { x1: x, y1: y, x2: x, y2: bottom },
        style: { stroke: theme.accent, lineWidth: 2 },
      },
      {
        type: 'text',
        style: {
          text,
          x: toLeft ? x - 6 : x + 6,
          y: y + 2,
          align: toLeft ? 'right' : 'left',
          verticalAlign: 'top',
          fill: theme.text,
          fontSize: 12,
          fontWeight: 600,
          backgroundColor: theme.background,
          padding: [1, 3],
        },
      },
    ],
  };
}
