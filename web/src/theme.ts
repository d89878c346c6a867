// Colours of the two schemes: one colour per kind everywhere. Each is at least 4.5:1 on its
// background, and any two stay apart under protanopia, deuteranopia and tritanopia (theme.test.ts).
import type { Kind } from './records';

export interface Theme {
  dark: boolean;
  background: string;
  text: string;
  faint: string;
  line: string;
  accent: string;
  warning: string;
  kinds: Record<Kind, string>;
}

export const LIGHT: Theme = {
  dark: false,
  background: '#ffffff',
  text: '#1a2028',
  faint: '#58616d',
  line: '#dde1e6',
  accent: '#2d70e6',
  warning: '#b3261e',
  kinds: {
    ai: '#2d70e6',
    pre: '#aa6316',
    post: '#014b16',
    serialize: '#8d0742',
    io: '#611181',
    train: '#72560c',
    load: '#427a80',
    other: '#766952',
    wait: '#5b5e68',
  },
};

export const DARK: Theme = {
  dark: true,
  background: '#12171d',
  text: '#e6eaef',
  faint: '#a3adb9',
  line: '#2c343e',
  accent: '#6d97fb',
  warning: '#ff8a80',
  kinds: {
    ai: '#4b7ef9',
    pre: '#d68924',
    post: '#a1e2a9',
    serialize: '#e9566a',
    io: '#ee9afe',
    train: '#dcd25b',
    load: '#69ebe7',
    other: '#bdb6ae',
    wait: '#9c9ea3',
  },
};

export const KIND_NAMES: Record<Kind, string> = {
  ai: 'AI',
  pre: 'before AI',
  post: 'after AI',
  serialize: 'serialise',
  io: 'I/O',
  train: 'training',
  load: 'loading',
  other: 'other work',
  wait: 'waiting',
};

export const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
