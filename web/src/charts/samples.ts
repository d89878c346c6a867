// What was sampled over the run (queue depth, memory, temperature), a line for each place.
import { axisStyle, draw, escapeHtml, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { shorten, significant } from '../format';
import type { Sample } from '../records';
import { KINDS } from '../records';
import type { Theme } from '../theme';

const MOST_POINTS = 600;
const DASHES = ['solid', [7, 3], [2, 3]] as const;

/** Keeps the least and the greatest of each stretch, so that no peak is lost. */
export function thin(samples: readonly Sample[], most = MOST_POINTS): Sample[] {
  if (samples.length <= most) return [...samples];
  const size = Math.ceil((2 * samples.length) / most);
  const kept: Sample[] = [];
  for (let i = 0; i < samples.length; i += size) {
    const part = samples.slice(i, i + size);
    const least = part.reduce((a, b) => (b.value < a.value ? b : a));
    const most = part.reduce((a, b) => (b.value > a.value ? b : a));
    kept.push(...(least === most ? [least] : [least, most]).sort((a, b) => a.at - b.at));
  }
  return kept;
}

export function drawSamples(
  box: HTMLElement, width: number, theme: Theme, what: string, samples: readonly Sample[],
): Drawing {
  const narrow = width < 640;
  const places = [...new Set(samples.map((sample) => sample.where))];
  const unit = samples[0]?.unit ?? '';
  const style = axisStyle(theme);
  const letters = Math.max(...places.map((place) => (place || what).length));
  const right = Math.min(narrow ? 104 : 200, 24 + 7 * letters);
  const colors = KINDS.filter((kind) => kind !== 'other').map((kind) => theme.kinds[kind]);
  return draw(box, width, narrow ? 260 : 280, theme, {
    grid: plot({ left: 64, right, top: 14, bottom: 48 }),
    tooltip: {
      ...tooltipStyle(theme), trigger: 'item',
      formatter: (p: { seriesName: string; value: [number, number] }) =>
        `${escapeHtml(p.seriesName)}: <b>${significant(p.value[1])}</b> ${escapeHtml(unit)}<br>` +
        `at ${significant(p.value[0])} s`,
    },
    xAxis: { type: 'value', min: 0, max: Math.max(...samples.map((sample) => sample.at / 1e9)), name: 'time, s',
      nameLocation: 'middle', nameGap: 28, ...style,
      axisLabel: { ...style['axisLabel'] as object, showMaxLabel: false },
      splitLine: { show: false } },
    yAxis: { type: 'value', min: 0, name: unit ? `${what}, ${unit}` : what, nameLocation: 'middle', nameGap: 46,
      ...style },
    series: places.map((place, i) => ({
      type: 'line', name: place || what, showSymbol: false, step: what === 'queue.depth' ? 'end' : false,
      data: thin(samples.filter((sample) => sample.where === place)).map((p) => [p.at / 1e9, p.value]),
      lineStyle: { color: colors[i % colors.length], width: 1.5, type: DASHES[Math.floor(i / colors.length) % 3] },
      itemStyle: { color: colors[i % colors.length] },
      endLabel: { show: true, color: theme.text, fontSize: 12, formatter: shorten(place || what, narrow ? 11 : 24) },
      labelLayout: { moveOverlap: 'shiftY' },
    })),
  });
}
