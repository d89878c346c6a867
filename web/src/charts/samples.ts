// What was sampled over the run (queue depth, memory, temperature), a strip for each place.
import { axisStyle, draw, escapeHtml, plot, tooltipStyle } from '../chart';
import type { Drawing } from '../figure';
import { shorten, significant } from '../format';
import type { Sample } from '../records';
import type { Theme } from '../theme';

const MOST_POINTS = 600;
/** Strips at most; the table has all. */
export const MOST_PLACES = 16;

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

/** A round end of an axis at or above a value that is not negative. */
function evenEnd(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8].find((step) => step * power >= value) ?? 10);
}

/** A strip for each place, all on one scale. */
export function drawSamples(
  box: HTMLElement,
  width: number,
  theme: Theme,
  what: string,
  samples: readonly Sample[],
): Drawing {
  const narrow = width < 640;
  const places = [...new Set(samples.map((sample) => sample.where))].slice(0, MOST_PLACES);
  const unit = samples[0]?.unit ?? '';
  const style = axisStyle(theme);
  const strip = places.length === 1 ? 220 : places.length < 4 ? 110 : 44;
  const pitch = strip + 30;
  const seconds = Math.max(...samples.map((sample) => sample.at / 1e9));
  const least = -evenEnd(-Math.min(0, ...samples.map((sample) => sample.value)));
  const top = Math.max(
    evenEnd(Math.max(0, ...samples.map((sample) => sample.value))),
    least === 0 ? 1 : 0,
  );
  const scale = `${unit ? `${what}, ${unit}` : what}`;
  return draw(box, width, places.length * pitch + 44, theme, {
    grid: places.map((_, i) => plot({ left: 58, right: 16, top: i * pitch + 22, height: strip })),
    tooltip: {
      ...tooltipStyle(theme),
      trigger: 'axis',
      formatter: ([p]: { seriesName: string; value: [number, number] }[]) =>
        p === undefined
          ? ''
          : `${escapeHtml(p.seriesName)}: <b>${significant(p.value[1])}</b> ` +
            `${escapeHtml(unit)}<br>at ${significant(p.value[0])} s`,
    },
    xAxis: places.map((_, i) => ({
      type: 'value',
      gridIndex: i,
      min: 0,
      max: seconds,
      nameLocation: 'middle',
      nameGap: 28,
      ...style,
      name: i === places.length - 1 ? 'time, s' : '',
      splitNumber: narrow ? 4 : 8,
      splitLine: { show: false },
      axisLabel: {
        ...(style['axisLabel'] as object),
        show: i === places.length - 1,
        showMaxLabel: false,
      },
    })),
    yAxis: places.map((place, i) => ({
      type: 'value',
      gridIndex: i,
      min: least,
      max: top,
      interval: (top - least) / (strip < 60 ? 1 : 2),
      nameLocation: 'end',
      nameGap: 8,
      ...style,
      name:
        i === 0 || place !== ''
          ? shorten(place ? `${place}${i === 0 ? ` (${scale})` : ''}` : scale, narrow ? 40 : 90)
          : '',
      nameTextStyle: { color: theme.text, fontSize: 12, align: 'left', padding: [0, 0, 0, -50] },
    })),
    series: places.map((place, i) => ({
      type: 'line',
      name: place || what,
      xAxisIndex: i,
      yAxisIndex: i,
      showSymbol: false,
      step: what === 'queue.depth' ? 'end' : false,
      data: thin(samples.filter((sample) => sample.where === place)).map((p) => [
        p.at / 1e9,
        p.value,
      ]),
      lineStyle: { color: theme.accent, width: 1.5 },
      itemStyle: { color: theme.accent },
    })),
  });
}
