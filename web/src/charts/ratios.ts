// Runs beside a first one: ratios with their intervals on a logarithmic axis around 1.
import { axisStyle, draw, escapeHtml, tooltipStyle } from '../chart';
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

export function drawRatios(box: HTMLElement, width: number, theme: Theme, ratios: readonly Ratio[]): Drawing {
  const narrow = width < 640;
  const style = axisStyle(theme);
  const names = ratios.map((ratio) => shorten(ratio.name, narrow ? 16 : 44));
  const ends = ratios.flatMap(({ ratio }) => [ratio.value, ratio.low ?? ratio.value, ratio.high ?? ratio.value]);
  const reach = Math.max(1.25, ...ends.map((end) => Math.max(end, 1 / end))) * 1.1;
  const height = ratios.length * 30 + 60;
  return draw(box, width, height, theme, {
    grid: { left: Math.min(narrow ? 124 : 330, 20 + 7 * Math.max(...names.map((n) => n.length))), right: narrow ? 20 : 90, top: 8, bottom: 50 },
    tooltip: { ...tooltipStyle(theme), trigger: 'item', formatter: (p: { dataIndex: number }) => {
      const { name, ratio } = ratios[p.dataIndex] as Ratio;
      return `${escapeHtml(name)}<br><b>${significant(ratio.value)}×</b>`;
    } },
    xAxis: {
      type: 'log', logBase: 2, min: 1 / reach, max: reach, name: 'ratio to the first run (log axis)',
      nameLocation: 'middle', nameGap: 28, ...style,
      axisLabel: { ...style['axisLabel'] as object, formatter: (v: number) => `${significant(v)}×` },
    },
    yAxis: { type: 'category', data: names, inverse: true, ...style, splitLine: { show: false },
      axisLabel: { ...style['axisLabel'] as object, color: theme.text, interval: 0 } },
    series: [{
      type: 'custom', data: ratios.map(({ ratio }, i) => [ratio.value, i]), encode: { x: 0, y: 1 },
      renderItem: (params: { dataIndex: number }, api: Api) => {
        const { ratio } = ratios[params.dataIndex] as Ratio;
        const [x, y] = api.coord([ratio.value, params.dataIndex]);
        const low = api.coord([ratio.low ?? 1 / reach, params.dataIndex])[0];
        const high = api.coord([ratio.high ?? reach, params.dataIndex])[0];
        const one = api.coord([1, 0])[0];
        const stroke = theme.text;
        return { type: 'group', children: [
          { type: 'line', shape: { x1: one, x2: one, y1: y - 15, y2: y + 15 }, style: { stroke: theme.faint, lineDash: [3, 3] } },
          { type: 'line', shape: { x1: low, x2: high, y1: y, y2: y }, style: { stroke, lineWidth: 2 } },
          { type: 'line', shape: { x1: low, x2: low, y1: y - 5, y2: y + 5 }, style: { stroke, lineWidth: 2 } },
          { type: 'line', shape: { x1: high, x2: high, y1: y - 5, y2: y + 5 }, style: { stroke, lineWidth: 2 } },
          { type: 'circle', shape: { cx: x, cy: y, r: 5 }, style: { fill: theme.accent, stroke: theme.background } },
        ] };
      },
    }],
  });
}
