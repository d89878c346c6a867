// Bars by kind for each stage: work and waiting, each on its own axis.
import type { Analysis } from '../analysis';
import { axisStyle, draw, escapeHtml, kindStyle, legend, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { ms, shorten, significant } from '../format';
import { KINDS, type Kind } from '../records';
import { KIND_NAMES, type Theme } from '../theme';

/** Draws at most this many stages; the table has all. */
export const MOST_STAGES = 24;

export function drawStages(
  box: HTMLElement,
  width: number,
  theme: Theme,
  analysis: Analysis,
): Drawing {
  const stages = analysis.stages.slice(0, MOST_STAGES);
  const frames = Math.max(1, analysis.frames.length);
  const narrow = width < 640;
  const names = stages.map((stage) => shorten(stage.label, narrow ? 12 : 24));
  const present = KINDS.filter((kind) => stages.some((stage) => stage.self[kind] > 0));
  const waits = present.includes('wait');
  const work = present.filter((kind) => kind !== 'wait');
  const rows = stages.length * 26;
  const left = Math.min(
    narrow ? 96 : 190,
    20 + 7.2 * Math.max(4, ...names.map((name) => name.length)),
  );
  const key = legend(
    present.map((kind) => KIND_NAMES[kind]),
    width,
    theme,
  );
  const axis = 48;
  const full = width - left - 24;
  const height = key.height + 8 + (narrow && waits ? 2 * (rows + axis) + 14 : rows + axis);
  const top = key.height + 8;
  const grids = [
    { left, top, width: !waits || narrow ? full : full * 0.6 - 18, height: rows },
    waits && {
      left: narrow ? left : left + full * 0.6 + 18,
      top: narrow ? top + rows + axis + 14 : top,
      width: narrow ? full : full * 0.4 - 18,
      height: rows,
    },
  ].filter((grid) => grid !== false);
  const style = axisStyle(theme);
  return draw(box, width, height, theme, {
    grid: grids.map(plot),
    legend: key.option,
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'item',
      formatter: (p: { name: string; seriesName: string; value: number; dataIndex: number }) =>
        `${escapeHtml(stages[p.dataIndex]?.label ?? p.name)}<br>${escapeHtml(p.seriesName)}: ` +
        `<b>${significant(p.value)} ms</b> a frame`,
    },
    xAxis: grids.map((_, i) => ({
      type: 'value',
      gridIndex: i,
      min: 0,
      nameLocation: 'middle',
      nameGap: 28,
      splitNumber: narrow ? 4 : 5,
      name: i === 0 ? 'work, ms a frame' : 'waiting, ms a frame',
      ...style,
    })),
    yAxis: grids.map((_, i) => ({
      type: 'category',
      gridIndex: i,
      z: 5,
      data: names,
      inverse: true,
      ...style,
      splitLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        ...(style['axisLabel'] as object),
        color: theme.text,
        show: i === 0 || narrow,
        interval: 0,
      },
    })),
    series: [...work, ...(waits ? ['wait' as Kind] : [])].map((kind) => ({
      type: 'bar',
      name: KIND_NAMES[kind],
      stack: kind === 'wait' ? 'wait' : 'work',
      barWidth: 16,
      xAxisIndex: kind === 'wait' ? 1 : 0,
      yAxisIndex: kind === 'wait' ? 1 : 0,
      itemStyle: kindStyle(kind, theme),
      data: stages.map((stage) => (stage.self[kind] > 0 ? ms(stage.self[kind] / frames) : '-')),
    })),
  });
}
