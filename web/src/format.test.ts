import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { duration, durations, percent, significant, whole } from './format';
import { shellQuote } from './sections/facts';
import { toCsv } from './table';

it.each([
  [0, '0'],
  [1234.5, '1,230'],
  [0.012345, '0.0123'],
  [9.999, '10.0'],
  [999.6, '1,000'],
  [1e6, '1,000,000'],
  [55, '55.0'],
  [-2.5, '−2.50'],
  [Infinity, '∞'],
  [NaN, '–'],
  [1e-9, '1.00e-9'],
])('%d has three significant digits: %s', (value, text) => expect(significant(value)).toBe(text));

it('prints counts exactly, shares and times with units', () => {
  expect(whole(5210)).toBe('5,210');
  expect(percent(0.6213)).toBe('62.1\u00a0%');
  expect([12, 1.5e3, 48.2e6, 3.14159e9].map(duration)).toEqual([
    '12.0\u00a0ns',
    '1.50\u00a0µs',
    '48.2\u00a0ms',
    '3.14\u00a0s',
  ]);
  expect(durations(1.92e8, 1.94e8)).toBe('192 to 194\u00a0ms');
});

describe('CSV', () => {
  it('quotes, keeps every digit and runs nothing', () => {
    expect(
      toCsv({
        caption: '',
        columns: [
          { title: 'a "name"', type: 'text' },
          { title: 't', unit: 'ms', type: 'number' },
        ],
        rows: [
          ['x,y\n', 1.23456789],
          ['=HYPERLINK("x")', null],
          ['-', Infinity],
        ],
      }),
    ).toBe('"a ""name""",t (ms)\r\n"x,y\n",1.23456789\r\n"\'=HYPERLINK(""x"")",\r\n\'-,inf\r\n');
  });
});

it('quotes a command as a shell reads it', () => {
  expect(['plumb', 'my file', "it's", '$x'].map(shellQuote).join(' ')).toBe(
    "plumb 'my file' 'it'\\''s' '$x'",
  );
});

it('keeps addresses out of the lock file', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  expect(lock).not.toMatch(/"resolved"|https?:/);
});
