// How many workers were wanted and how many worked, over the decisions that are at hand. Own SVG, stretched.

import type { PoolView, ScalingDecisionRow } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { niceTop } from '../overview/scale.ts';
import { Moment, useZone } from '../parts/moment.tsx';
import { useNow } from '../time/clock.ts';
import { shortInstant } from '../time/format.ts';
import { pathOfSteps, stepsOf } from './pool-steps.ts';

const box = { width: 600, height: 120 };
const shares = [0, 0.5, 1];

interface PoolChartProps {
  readonly pool: PoolView;
  readonly decisions: readonly ScalingDecisionRow[];
}

export function PoolChart({ pool, decisions }: PoolChartProps) {
  const t = useT();
  const zone = useZone();
  const at = useNow(5_000);
  const wanted = pool.status?.wanted ?? 0;
  const steps = stepsOf(decisions, { at, wanted, live: pool.workers.live });
  const top = niceTop(steps.most);
  const label = t('pool.chart', {
    from: shortInstant(steps.from, zone, at),
    to: shortInstant(at, zone, at),
    most: steps.most,
    now: wanted,
  });
  return (
    <>
      <figure className="chart">
        <div className="chart-scale faint" aria-hidden="true">
          <span>{top}</span>
          <span>{top / 2}</span>
          <span>0</span>
        </div>
        <svg viewBox={`0 0 ${box.width} ${box.height}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {shares.map((share) => (
            <line
              key={share}
              className="chart-line"
              x1="0"
              x2={box.width}
              y1={box.height * share}
              y2={box.height * share}
            />
          ))}
          <path className="pool-live" d={`${pathOfSteps(steps.live, { ...steps, top }, box)}V${box.height}H0Z`} />
          <path className="pool-wanted" d={pathOfSteps(steps.wanted, { ...steps, top }, box)} />
        </svg>
        <figcaption className="chart-times faint">
          <Moment at={steps.from} />
          <span className="chart-word">
            {t('pool.wanted')} <span className="pool-key pool-key-wanted" aria-hidden="true" /> {t('pool.live')}{' '}
            <span className="pool-key pool-key-live" aria-hidden="true" />
          </span>
          <Moment at={at} />
        </figcaption>
      </figure>
    </>
  );
}
