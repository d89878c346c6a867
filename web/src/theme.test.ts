import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KINDS, type Kind } from './records';
import { DARK, LIGHT, type Theme } from './theme';

type Color = [number, number, number];

const linear = (hex: string): Color =>
  [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Color;

const luminance = ([r, g, b]: Color): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(linear(a)), luminance(linear(b))];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

// Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
const SIGHT: Record<string, number[]> = {
  normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
  deuteranopia: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  tritanopia: [
    1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039,
  ],
};

function seen(hex: string, sight: number[]): Color {
  const [r, g, b] = linear(hex);
  return [0, 3, 6].map((i) =>
    Math.min(
      1,
      Math.max(
        0,
        (sight[i] as number) * r + (sight[i + 1] as number) * g + (sight[i + 2] as number) * b,
      ),
    ),
  ) as Color;
}

/** Ottosson's OKLab, in which equal distances look about equally far. */
function oklab([r, g, b]: Color): Color {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const MAIN: readonly Kind[] = ['ai', 'pre', 'post', 'wait', 'io'];

describe.each<[string, Theme]>([
  ['light', LIGHT],
  ['dark', DARK],
])('%s', (name, theme) => {
  it('has a contrast of 4.5 or more for text and for every kind', () => {
    for (const color of [theme.text, theme.faint, theme.warning, ...Object.values(theme.kinds)]) {
      expect(contrast(color, theme.background), color).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(Object.entries(SIGHT))('keeps kinds apart with %s', (_, sight) => {
    for (const a of KINDS) {
      for (const b of KINDS) {
        if (a >= b) continue;
        const [x, y] = [oklab(seen(theme.kinds[a], sight)), oklab(seen(theme.kinds[b], sight))];
        const least = MAIN.includes(a) && MAIN.includes(b) ? 0.12 : 0.055;
        expect(Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]), `${a} and ${b}`).toBeGreaterThan(
          least,
        );
      }
    }
  });

  it('is the same in the style sheet', () => {
    const css = readFileSync(new URL('./page.css', import.meta.url), 'utf8').split(
      '@media (prefers-color-scheme: dark)',
    );
    const part = css[name === 'light' ? 0 : 1] as string;
    for (const kind of KINDS) expect(part).toContain(`--${kind}: ${theme.kinds[kind]};`);
    for (const [key, value] of [
      ['card', theme.background],
      ['text', theme.text],
      ['faint', theme.faint],
      ['line', theme.line],
    ]) {
      expect(part).toContain(`--${key}: ${value};`);
    }
    const page = /--page: (#\w+)/.exec(part)?.[1] as string;
    const accent = /--accent: (#\w+)/.exec(part)?.[1] as string;
    for (const color of [theme.text, theme.faint, accent])
      expect(contrast(color, page)).toBeGreaterThanOrEqual(4.5);
  });
});
