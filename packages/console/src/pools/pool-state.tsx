// What is to be known of a pool at a glance.

import type { PoolView } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import type { IconName } from '../parts/icon.tsx';
import type { Tone } from '../runs/states.ts';

type PoolState = 'ok' | 'unseen' | 'driver' | 'workers' | 'rollout' | 'freeze' | 'scale' | 'held';

function stateOf({ status, orders }: PoolView): PoolState {
  if (status === null) return 'unseen';
  if (status.driver.state === 'absent' || status.driver.failures > 0) return 'driver';
  if (status.troubled.some(({ state }) => state === 'failing')) return 'workers';
  if (status.rollout !== null) return 'rollout';
  const byHand = (['freeze', 'scale'] as const).find((kind) => orders.some((order) => order.kind === kind));
  return byHand ?? (status.held === null ? 'ok' : 'held');
}

const looks: Record<PoolState, readonly [tone: Tone, icon: IconName]> = {
  ok: ['good', 'check'],
  unseen: ['mute', 'hourglass'],
  driver: ['bad', 'cross'],
  workers: ['bad', 'cross'],
  rollout: ['warn', 'retry'],
  freeze: ['warn', 'pause'],
  scale: ['warn', 'sliders'],
  held: ['warn', 'warn'],
};

export function PoolBadge({ pool }: { readonly pool: PoolView }) {
  const t = useT();
  const state = stateOf(pool);
  const [tone, icon] = looks[state];
  return (
    <Badge tone={tone} icon={icon}>
      {t(`pool.state.${state}`)}
    </Badge>
  );
}

/** Definitions come as they are stored. */
export function driverOf({ definition }: PoolView): string {
  const driver = definition['driver'];
  return typeof driver === 'object' && driver !== null && 'kind' in driver ? String(driver.kind) : '';
}
