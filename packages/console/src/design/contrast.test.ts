// Text is readable in both themes: the pairs of colours that carry text meet WCAG AA. Read from the one token file.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const tokens = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const colours = new Map(
  Array.from(tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g), ([, name, light, dark]) => [
    name ?? '',
    { light: light ?? '', dark: dark ?? '' },
  ]),
);
const themes = ['light', 'dark'] as const;

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function demand(text: string, ground: string, least: number): void {
  for (const theme of themes) {
    const front = colours.get(text)?.[theme];
    const back = colours.get(ground)?.[theme];
    assert.ok(front !== undefined && back !== undefined, `${text} or ${ground} is no colour token`);
    const ratio = contrast(front, back);
    assert.ok(ratio >= least, `${text} on ${ground} in the ${theme} theme has ${ratio.toFixed(2)}, not ${least}`);
  }
}

const grounds = ['ground', 'surface', 'sunken', 'raised', 'mute-soft'];

test('text in all its strengths reads on every ground', () => {
  for (const ground of grounds) for (const text of ['text', 'text-soft', 'text-faint']) demand(text, ground, 4.5);
});

test('links, buttons and every tone read where they stand', () => {
  demand('on-accent', 'accent', 4.5);
  demand('accent', 'accent-soft', 4.5);
  for (const ground of ['ground', 'surface', 'sunken', 'raised']) demand('accent', ground, 4.5);
  for (const tone of ['good', 'bad', 'warn', 'live', 'later', 'gone', 'mute']) {
    demand(tone, `${tone}-soft`, 4.5);
    demand(tone, 'surface', 4.5);
  }
  for (const text of ['text', 'text-soft'])
    for (const soft of ['bad-soft', 'later-soft', 'warn-soft']) demand(text, soft, 4.5);
});

test('colours of logs read on the ground of logs', () => {
  for (const name of ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'])
    demand(`ansi-${name}`, 'sunken', 4.5);
});

test('marks, bars and focus rings stand out from what is around them', () => {
  for (const mark of ['focus', 'chart-good', 'chart-bad', 'live', 'warn']) demand(mark, 'surface', 3);
});

test('no other style sheet names a colour', () => {
  for (const sheet of ['base', 'shell', 'parts', 'pages']) {
    const css = readFileSync(new URL(`./${sheet}.css`, import.meta.url), 'utf8').replace(/\/\*[^]*?\*\//g, '');
    assert.deepEqual(css.match(/#[0-9a-f]{3,8}\b(?!content)|\brgba?\(|\bhsla?\(/gi) ?? [], [], `${sheet}.css`);
  }
});
