// What the store says of a session becomes what its worker gets: work, none for now, or the word that it shall leave.
//
// A worker that a pool has drain is told nothing: it gets no work, and is as it was when it is taken back. So it works with workers of any
// version. One that drains for good is told once; with the end of its machine in sight, it is told by when it has to be gone, and what it
// still runs then is given away at once and not when its lease has run out.

import type { SessionStanding } from '../store/sessions.ts';
import type { SessionLink } from './session-link.ts';

/** Before the machine ends the worker must have stopped what it runs, and said so. */
const partingMs = 3000;
/** A notice that comes again differs by what it took to come. */
const sameNoticeMs = 1000;

export function applyStanding(link: SessionLink, standing: SessionStanding, nowMs: number): void {
  const { state, cordoned, endsInMs } = standing;
  link.cordoned = state === 'draining' && cordoned;
  if (state === 'live' || (cordoned && endsInMs === null)) return;
  const stopAfterMs = endsInMs === null ? null : Math.max(0, Math.round(endsInMs) - partingMs);
  const goneByMs = stopAfterMs === null ? null : nowMs + stopAfterMs;
  const isNews = goneByMs !== null && (link.goneByMs === null || Math.abs(goneByMs - link.goneByMs) > sameNoticeMs);
  if (!link.open && !isNews && link.drainTold) return;
  link.open = false;
  link.drainTold = true;
  link.goneByMs = goneByMs;
  link.send({ type: 'drain', ...(stopAfterMs === null ? {} : { stopAfterMs }) });
}
