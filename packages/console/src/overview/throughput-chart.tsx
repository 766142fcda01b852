// Finished runs per minute of the last hour: one bar a minute, failures on top of successes. Own SVG, drawn in a fixed grid and
// stretched; the words under the pointer are HTML, so that they are not.

import type { Overview } from '@tidewheel/protocol';
import { useState } from 'react';
import { useT } from '../language/language.ts';
import { useZone } from '../parts/moment.tsx';
import { clockTime } from '../time/format.ts';
import { niceTop } from './scale.ts';

const width = 600;
const height = 120;
const gap = 2;

type Point = Overview['series'][number];

export function ThroughputChart({ series, now }: { readonly series: readonly Point[]; readonly now: number }) {
  const t = useT();
  const zone = useZone();
  const [hovered, setHovered] = useState<number | null>(null);
  const peak = Math.max(0, ...series.map((point) => point.succeeded + point.failed));
  const top = niceTop(peak);
  const sum = (pick: (point: Point) => number) => series.reduce((total, point) => total + pick(point), 0);
  const label = t('overview.chart', {
    succeeded: sum((point) => point.succeeded),
    failed: sum((point) => point.failed),
    peak,
  });
  const point = hovered === null ? undefined : series[hovered];
  const step = width / Math.max(1, series.length);
  return (
    <figure className="chart">
      <div className="chart-scale faint" aria-hidden="true">
        <span>{top}</span>
        <span>{top / 2}</span>
        <span>0</span>
      </div>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setHovered(
            Math.min(
              series.length - 1,
              Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * series.length)),
            ),
          );
        }}
        onPointerLeave={() => setHovered(null)}
      >
        {[0, 0.5, 1].map((share) => (
          <line key={share} className="chart-line" x1="0" x2={width} y1={height * share} y2={height * share} />
        ))}
        {series.map((one, index) => (
          <Bar key={one.at} point={one} x={index * step} step={step} top={top} lit={index === hovered} />
        ))}
      </svg>
      <figcaption className="chart-times faint">
        {series.length === 0 ? null : (
          <>
            <span>{minuteText(series[0]?.at ?? now, zone)}</span>
            <span className="chart-word">
              {point === undefined
                ? ''
                : `${minuteText(point.at, zone)} · ${t('state.succeeded')} ${point.succeeded} · ${t('state.failed')} ${point.failed}`}
            </span>
            <span>{minuteText(now, zone)}</span>
          </>
        )}
      </figcaption>
    </figure>
  );
}

function minuteText(at: number, zone: string): string {
  return clockTime(at, zone).slice(0, 5);
}

interface BarProps {
  readonly point: Point;
  readonly x: number;
  readonly step: number;
  readonly top: number;
  readonly lit: boolean;
}

function Bar({ point, x, step, top, lit }: BarProps) {
  const good = (point.succeeded / top) * height;
  const bad = (point.failed / top) * height;
  return (
    <g className={lit ? 'chart-lit' : undefined}>
      <rect className="chart-hit" x={x} width={step} y={0} height={height} />
      <rect className="chart-good" x={x + gap / 2} width={step - gap} y={height - good} height={good} />
      <rect className="chart-bad" x={x + gap / 2} width={step - gap} y={height - good - bad} height={bad} />
    </g>
  );
}
