// Amdahl's law: what a faster AI part gives to latency and to throughput.
import { axisStyle, draw, escapeHtml, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { significant } from '../format';
import type { Speedup } from '../forecast';
import type { Theme } from '../theme';

export function factorName(factor: number): string {
  return Number.isFinite(factor) ? `${factor}×` : '∞';
}

export function drawSpeedups(
  box: HTMLElement,
  width: number,
  theme: Theme,
  curve: readonly Speedup[],
): Drawing {
  const narrow = width < 640;
  const style = axisStyle(theme);
  const lines = [
    {
      name: 'throughput',
      color: theme.kinds.ai,
      symbol: 'circle',
      dash: 'solid',
      of: (s: Speedup) => s.throughput,
    },
    {
      name: narrow ? 'work alone' : 'work of a frame alone',
      color: theme.kinds.post,
      symbol: 'triangle',
      dash: 'solid',
      of: (s: Speedup) => s.work,
    },
    {
      name: 'latency',
      color: theme.kinds.pre,
      symbol: 'rect',
      dash: [6, 3],
      of: (s: Speedup) => s.latency,
    },
  ].filter((line) => curve.every((point) => line.of(point) !== null));
  return draw(box, width, narrow ? 300 : 340, theme, {
    grid: plot({ left: 58, right: narrow ? 92 : 190, top: 16, bottom: 52 }),
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'axis',
      formatter: (points: { name: string; seriesName: string; value: number }[]) =>
        `AI part ${escapeHtml(points[0]?.name ?? '')} as fast<br>` +
        points
          .map((p) => `${escapeHtml(p.seriesName)}: <b>${significant(p.value)}×</b>`)
          .join('<br>'),
    },
    xAxis: {
      type: 'category',
      data: curve.map((point) => factorName(point.factor)),
      boundaryGap: false,
      name: narrow
        ? 'speed-up of the AI part'
        : 'speed-up of the AI part (each step doubles, the last is the limit)',
      nameLocation: 'middle',
      nameGap: 30,
      ...style,
    },
    yAxis: {
      type: 'value',
      min: 0,
      name: 'speed-up of the application',
      nameLocation: 'middle',
      nameGap: 36,
      ...style,
      axisLabel: { ...(style['axisLabel'] as object), formatter: (v: number) => `${v}×` },
    },
    series: lines.map((line) => ({
      type: 'line',
      name: line.name,
      data: curve.map(line.of),
      symbol: line.symbol,
      symbolSize: 8,
      lineStyle: { color: line.color, width: 2, type: line.dash },
      itemStyle: { color: line.color },
      endLabel: {
        show: true,
        color: theme.text,
        fontSize: 12,
        lineHeight: 15,
        distance: 10,
        formatter: (p: { value: number }) =>
          narrow
            ? `${line.name}\n${significant(p.value)}×`
            : `${line.name} ${significant(p.value)}×`,
      },
      labelLayout: { moveOverlap: 'shiftY' },
    })),
  });
}
