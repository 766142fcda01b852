// A plot of cost over size on logarithmic axes, as SVG: the points with their spread, and the fitted line. It carries its own colours for a
// light and a dark page.

import type { Fit, Spread } from './statistics.ts';

export interface PlotPoint {
  readonly size: number;
  readonly cost: Spread;
}

export interface Plot {
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly points: readonly PlotPoint[];
  readonly fit: Fit;
}

const width = 640;
const height = 360;
const margin = { left: 72, right: 24, top: 44, bottom: 52 };

export function svgOf({ title, across, up, points, fit }: Plot): string {
  const x = scale(
    points.map(({ size }) => size),
    margin.left,
    width - margin.right,
  );
  const y = scale(
    points.flatMap(({ cost }) => [cost.min, cost.max]),
    height - margin.bottom,
    margin.top,
  );
  const line = x.ends.map((size) => `${x.at(size).toFixed(1)},${y.at(fit.at(size)).toFixed(1)}`).join(' ');
  const marks = points.map(({ size, cost }) => {
    const at = x.at(size).toFixed(1);
    return (
      `<line class="spread" x1="${at}" x2="${at}" y1="${y.at(cost.min).toFixed(1)}" y2="${y.at(cost.max).toFixed(1)}"/>` +
      `<circle cx="${at}" cy="${y.at(cost.median).toFixed(1)}" r="4"/>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    '<style>svg{font:13px system-ui,sans-serif;--ink:#1c2733;--faint:#c5ced8;--mark:#0b6bcb}@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--faint:#3a4653;--mark:#58a6ff}}text{fill:var(--ink)}.grid{stroke:var(--faint)}.spread{stroke:var(--mark);stroke-width:2}circle{fill:var(--mark)}polyline{fill:none;stroke:var(--ink);stroke-dasharray:5 4}</style>',
    `<text x="${margin.left}" y="24" font-weight="600">${escaped(title)}</text>`,
    ...x.ticks.map(
      (tick) =>
        `<line class="grid" x1="${x.at(tick).toFixed(1)}" x2="${x.at(tick).toFixed(1)}" y1="${margin.top}" y2="${height - margin.bottom}"/><text x="${x.at(tick).toFixed(1)}" y="${height - margin.bottom + 18}" text-anchor="middle">${tickText(tick)}</text>`,
    ),
    ...y.ticks.map(
      (tick) =>
        `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y.at(tick).toFixed(1)}" y2="${y.at(tick).toFixed(1)}"/><text x="${margin.left - 8}" y="${(y.at(tick) + 4).toFixed(1)}" text-anchor="end">${tickText(tick)}</text>`,
    ),
    `<text x="${(margin.left + width - margin.right) / 2}" y="${height - 12}" text-anchor="middle">${escaped(across)}</text>`,
    `<text transform="translate(16 ${height / 2}) rotate(-90)" text-anchor="middle">${escaped(up)}</text>`,
    `<polyline points="${line}"/>`,
    ...marks,
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
  /** The smallest and the largest value. */
  readonly ends: readonly [number, number];
}

/** At least one power of ten wide: a flat line must look flat. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const first = Math.floor(Math.log10(low));
  const last = Math.max(first + 1, Math.ceil(Math.log10(high)));
  return {
    at: (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from),
    ticks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
    ends: [low, high],
  };
}

function tickText(tick: number): string {
  if (tick >= 1_000_000) return `${tick / 1_000_000} M`;
  if (tick >= 1000) return `${tick / 1000} k`;
  return String(Number(tick.toPrecision(3)));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
