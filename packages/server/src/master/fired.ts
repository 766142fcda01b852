// What others are told when fires have been decided and committed, whoever decided them.

import type { FiresDecided } from '../store/fires.ts';
import type { Freed } from '../store/turns.ts';
import type { MasterContext } from './deps.ts';

type Announcing = Pick<MasterContext, 'metrics' | 'signals'>;

export function announceFires({ metrics, signals }: Announcing, decided: FiresDecided): void {
  const { cancels, freed, runs, scheduled, skipped } = decided;
  if (skipped > 0) metrics.add('tidewheel_fires_total', skipped, { outcome: 'skipped' });
  for (const delayMs of decided.delaysMs) metrics.observe('tidewheel_fire_delay_seconds', delayMs / 1000);
  if (runs.length > 0) {
    metrics.add('tidewheel_fires_total', runs.length, { outcome: 'fired' });
    const ready = new Set(runs.filter((run) => run.state === 'ready').map((run) => run.laneId));
    if (ready.size > 0) signals.publish('ready', { lanes: [...ready] });
  }
  if (scheduled) signals.publish('scheduled', null);
  if (cancels.size > 0) signals.publish('cancel', { sessions: [...cancels] });
  if (freed !== null) announceFreed({ signals }, freed);
}

/** What the end of runs has made possible. */
export function announceFreed({ signals }: Pick<MasterContext, 'signals'>, freed: Freed): void {
  if (freed.lanes.size > 0) signals.publish('ready', { lanes: [...freed.lanes] });
  if (freed.scheduled) signals.publish('scheduled', null);
  if (freed.schedules) signals.publish('schedules', null);
}
