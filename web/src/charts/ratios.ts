// Runs beside a first one: ratios with their intervals on a logarithmic axis around 1.
import { between } from '../answer';
import { axisStyle, draw, escapeHtml, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { shorten, significant } from '../format';
import type { Estimate } from '../stats';
import type { Theme } from '../theme';

export interface Ratio {
  name: string;
  ratio: Estimate;
}

interface Api {
  coord(data: [number, number]): [number, number];
}

export function drawRatios(
  box: HTMLElement,
  width: number,
  theme: Theme,
  ratios: readonly Ratio[],
): Drawing {
  const narrow = width < 640;
  const style = axisStyle(theme);
  const names = ratios.map((ratio) => shorten(ratio.name, narrow ? 16 : 44));
  const ends = ratios.flatMap(({ ratio }) => [
    ratio.value,
    ratio.low ?? ratio.value,
    ratio.high ?? ratio.value,
  ]);
  const reach =
    2 ** Math.max(1, Math.ceil(Math.log2(Math.max(...ends.map((end) => Math.max(end, 1 / end))))));
  const left = Math.min(narrow ? 124 : 330, 20 + 7 * Math.max(...names.map((name) => name.length)));
  const right = narrow ? 20 : 190;
  return draw(box, width, ratios.length * 30 + 60, theme, {
    grid: plot({ left, right, top: 8, bottom: 50 }),
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'item',
      formatter: (p: { dataIndex: number }) => {
        const { name, ratio } = ratios[p.dataIndex] as Ratio;
        const range = between(ratio) || 'too few to bound';
        return `${escapeHtml(name)}<br><b>${significant(ratio.value)}×</b><br>${range}`;
      },
    },
    xAxis: {
      type: 'log',
      logBase: 2,
      min: 1 / reach,
      max: reach,
      name: 'ratio to the first run (log axis)',
      nameLocation: 'middle',
      nameGap: 28,
      ...style,
      axisLabel: { ...(style['axisLabel'] as object), formatter: (v: number) => `${v}×` },
    },
    yAxis: {
      type: 'category',
      data: names,
      inverse: true,
      ...style,
      splitLine: { show: false },
      axisLine: { ...(style['axisLine'] as object), onZero: false },
      axisLabel: { ...(style['axisLabel'] as object), color: theme.text, interval: 0 },
    },
    series: [
      {
        type: 'custom',
        data: ratios.map(({ ratio }, i) => [ratio.value, i]),
        encode: { x: 0, y: 1 },
        renderItem: (params: { dataIndex: number }, api: Api) =>
          drawRatio(
            api,
            theme,
            (ratios[params.dataIndex] as Ratio).ratio,
            params.dataIndex,
            reach,
            narrow,
          ),
      },
    ],
  });
}

/** A dot with whiskers; a side that the sample cannot bound ends in an arrow. */
function drawRatio(
  api: Api,
  theme: Theme,
  ratio: Estimate,
  index: number,
  reach: number,
  narrow: boolean,
): object {
  const [x, y] = api.coord([ratio.value, index]);
  const at = (value: number): number => api.coord([value, index])[0];
  const stroke = theme.text;
  const line = (x1: number, y1: number, x2: number, y2: number, style: object): object => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style,
  });
  const end = (value: number | null, open: number): object[] => {
    const to = at(value ?? open);
    const shaft = line(x, y, to, y, { stroke, lineWidth: 2 });
    if (value !== null) return [shaft, line(to, y - 5, to, y + 5, { stroke, lineWidth: 2 })];
    const back = to + (open < 1 ? 7 : -7);
    return [
      shaft,
      {
        type: 'polygon',
        shape: {
          points: [
            [to, y],
            [back, y - 5],
            [back, y + 5],
          ],
        },
        style: { fill: stroke },
      },
    ];
  };
  return {
    type: 'group',
    children: [
      line(at(1), y - 15, at(1), y + 15, { stroke: theme.faint, lineDash: [3, 3] }),
      ...end(ratio.low, 1 / reach),
      ...end(ratio.high, reach),
      {
        type: 'circle',
        shape: { cx: x, cy: y, r: 5 },
        style: { fill: theme.accent, stroke: theme.background },
      },
      ...(narrow
        ? []
        : [
            {
              type: 'text',
              style: {
                text: `${significant(ratio.value)}×  (${between(ratio) || 'too few to bound'})`,
                x: at(reach) + 12,
                y,
                verticalAlign: 'middle',
                fill: theme.text,
                fontSize: 12,
              },
            },
          ]),
    ],
  };
}
