// The timeline of a run as rows of bars over one time axis. Bars are SVG, so that positions need no inline styles; the same is
// told in words by a list for screen readers.

import type { RunView } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { useNow } from '../time/clock.ts';
import { span } from '../time/format.ts';
import { OutcomeBadge } from '../parts/badge.tsx';
import { isFinal, toneOfOutcome } from './states.ts';
import { type Segment, tickStep, type Timeline, type TimelineRow, timelineOf } from './timeline.ts';

const ticksAtMost = 6;
/** A bar never gets narrower than this share of the whole, or it could not be seen. */
const leastShare = 0.004;

export function TimelineChart({ run }: { readonly run: RunView }) {
  return isFinal(run.state) ? <Chart run={run} now={run.finishedAt ?? 0} /> : <MovingChart run={run} />;
}

function MovingChart({ run }: { readonly run: RunView }) {
  return <Chart run={run} now={useNow(1_000)} />;
}

function Chart({ run, now }: { readonly run: RunView; readonly now: number }) {
  const t = useT();
  const timeline = timelineOf(run, now);
  const length = timeline.to - timeline.from;
  const step = tickStep(length, ticksAtMost);
  const ticks = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
  return (
    <div className="timeline" role="group" aria-label={t('timeline.label')}>
      {timeline.rows.map((row) => (
        <Row key={row.number} row={row} timeline={timeline} ticks={ticks} />
      ))}
      <div className="timeline-row" aria-hidden="true">
        <span />
        <svg className="timeline-axis" width="100%" height="16">
          {ticks.map((tick) => {
            const share = tick / length;
            return (
              <text
                key={tick}
                x={`${share * 100}%`}
                y="12"
                textAnchor={tick === 0 ? 'start' : share > 0.93 ? 'end' : 'middle'}
              >
                {tick === 0 ? '0' : span(tick, t)}
              </text>
            );
          })}
        </svg>
      </div>
      <Legend rows={timeline.rows} />
    </div>
  );
}

interface RowProps {
  readonly row: TimelineRow;
  readonly timeline: Timeline;
  readonly ticks: readonly number[];
}

function Row({ row, timeline, ticks }: RowProps) {
  const t = useT();
  const length = timeline.to - timeline.from;
  const percent = (value: number) => `${Math.min(100, Math.max(0, value * 100)).toFixed(3)}%`;
  return (
    <div className="timeline-row">
      <div className="timeline-name">
        <span>{t('timeline.attempt', { attempt: row.number })}</span>
        {row.attempt?.outcome ? <OutcomeBadge outcome={row.attempt.outcome} /> : null}
        {row.attempt === null ? null : (
          <span className="faint ellipsis" title={row.attempt.worker}>
            {row.attempt.worker}
          </span>
        )}
      </div>
      <svg className="timeline-bars" width="100%" height="26" aria-hidden="true">
        {ticks.map((tick) => (
          <line key={tick} x1={percent(tick / length)} x2={percent(tick / length)} y1="0" y2="26" />
        ))}
        {row.segments.map((segment) => (
          <rect
            key={segment.kind}
            className={`bar bar-${segment.kind} ${barTone(row, segment)}${segment.open ? ' bar-open' : ''}`}
            x={percent((segment.from - timeline.from) / length)}
            width={percent(Math.max(leastShare, (segment.to - segment.from) / length))}
            y={segment.kind === 'running' ? 4 : 9}
            height={segment.kind === 'running' ? 18 : 8}
            rx="3"
          >
            <title>{`${t(`timeline.${segment.kind}`)}: ${span(segment.to - segment.from, t)}`}</title>
          </rect>
        ))}
      </svg>
      <ul className="unseen">
        {row.segments.map((segment) => (
          <li key={segment.kind}>{`${t(`timeline.${segment.kind}`)}: ${span(segment.to - segment.from, t)}`}</li>
        ))}
      </ul>
    </div>
  );
}

function barTone(row: TimelineRow, segment: Segment): string {
  if (segment.kind !== 'running') return '';
  const outcome = row.attempt?.outcome ?? null;
  return `tone-${outcome === null ? 'live' : toneOfOutcome(outcome)}`;
}

/** Only what is there to be seen, with the time it took in sum. */
function Legend({ rows }: { readonly rows: readonly TimelineRow[] }) {
  const t = useT();
  const sums = new Map<Segment['kind'], number>();
  const tones = new Map<Segment['kind'], string>();
  for (const row of rows) {
    for (const segment of row.segments) {
      sums.set(segment.kind, (sums.get(segment.kind) ?? 0) + segment.to - segment.from);
      tones.set(segment.kind, barTone(row, segment));
    }
  }
  return (
    <ul className="legend">
      {[...sums].map(([kind, total]) => (
        <li key={kind}>
          <svg width="14" height="8" aria-hidden="true">
            <rect className={`bar bar-${kind} ${tones.get(kind) ?? ''}`} width="14" height="8" rx="2" />
          </svg>
          {t(`timeline.${kind}`)} <span className="number">{span(total, t)}</span>
        </li>
      ))}
    </ul>
  );
}
