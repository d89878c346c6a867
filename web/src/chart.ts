// ECharts with only the parts in use, drawing SVG, and the look that all charts share.
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import type { Drawing } from './figure';
import type { Kind } from './records';
import { FONT, type Theme } from './theme';

use([
  BarChart,
  CustomChart,
  LineChart,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  LabelLayout,
  SVGRenderer,
]);

/** Draws an option into a box of the given size, without animation. */
export function draw(
  box: HTMLElement,
  width: number,
  height: number,
  theme: Theme,
  option: EChartsCoreOption,
): Drawing {
  const host = document.createElement('div');
  box.append(host);
  const chart = init(host, null, { renderer: 'svg', width, height });
  chart.setOption({
    animation: false,
    backgroundColor: theme.background,
    textStyle: { fontFamily: FONT, fontSize: 12, color: theme.text },
    ...option,
  });
  chart.getZr().flush();
  return {
    svg: () => {
      const picture = host.querySelector('svg')?.cloneNode(true) as SVGSVGElement;
      picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
      return svgDocument(picture);
    },
    dispose: () => chart.dispose(),
  };
}

/** A file of its own from an SVG element. */
export function svgDocument(picture: SVGSVGElement): string {
  picture.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return (
    `<?xml version="1.0" ` +
    `encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`
  );
}

/** Place and size of the plot itself; what stands around it never moves it. */
export function plot(place: Record<string, number>): Record<string, unknown> {
  return { outerBoundsMode: 'none', ...place };
}

const LETTER = 7; // width of a letter of 12 px, rounded up

/** A legend above the plot, and the height it takes: entries wrap where the width ends. */
export function legend(
  names: readonly string[],
  width: number,
  theme: Theme,
): { height: number; option: Record<string, unknown> } {
  let lines = 1;
  let used = 0;
  for (const name of names) {
    const entry = 14 + 5 + LETTER * name.length + 14;
    if (used > 0 && used + entry > width) {
      lines++;
      used = 0;
    }
    used += entry;
  }
  return {
    height: 24 * lines,
    option: {
      top: 0,
      left: -5,
      selectedMode: false,
      icon: 'rect',
      itemWidth: 14,
      itemHeight: 12,
      itemGap: 14,
      width,
      data: names,
      textStyle: { color: theme.text, fontSize: 12 },
    },
  };
}

export function axisStyle(theme: Theme): Record<string, unknown> {
  return {
    nameTextStyle: { color: theme.faint, fontSize: 12 },
    axisLabel: { color: theme.faint, fontSize: 12, hideOverlap: true },
    axisLine: { lineStyle: { color: theme.faint } },
    axisTick: { lineStyle: { color: theme.faint } },
    splitLine: { lineStyle: { color: theme.line, width: 1 } },
  };
}

export function tooltipStyle(theme: Theme): Record<string, unknown> {
  return {
    confine: true,
    backgroundColor: theme.background,
    borderColor: theme.faint,
    textStyle: { color: theme.text, fontSize: 12, fontFamily: FONT },
    transitionDuration: 0,
  };
}

/** Waiting is hatched beside its colour, since it is no work. */
export function kindStyle(kind: Kind, theme: Theme): Record<string, unknown> {
  const color = theme.kinds[kind];
  if (kind !== 'wait') return { color };
  return {
    color,
    decal: {
      symbol: 'rect',
      symbolSize: 1,
      rotation: -Math.PI / 4,
      dashArrayX: [1, 0],
      dashArrayY: [2, 4],
      color: theme.background,
    },
  };
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For tooltips, whose text ECharts reads as HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] as string);
}
