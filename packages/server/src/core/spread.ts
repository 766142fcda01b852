// How workers are spread over masters. Pure; counts of other masters are some seconds old, so the lines are wide apart:
//
//   mean ── up to 10 % above: all is well ── up to 25 % above: nothing is begun, what was begun goes on ── above: workers are moved
//                                            (20 %: those that arrive are sent on before they register)
//
// Workers only ever go to masters below the mean, and one that arrives because it was sent is never sent on, so nobody goes in circles.

/** What an operator wants of a master. `cordoned`: no new workers, idle ones move; `draining`: all move, and it rests. */
export const masterStates = ['active', 'cordoned', 'draining'] as const;
export type MasterState = (typeof masterStates)[number];

export interface Peer {
  readonly id: string;
  readonly address: string;
  readonly wanted: MasterState;
  readonly sessions: number;
}

/** Of few workers a difference of some says nothing. */
const slack = 5;
const targetsMost = 5;

/** Other masters that a worker may be sent to, emptiest first: those below the mean, or for a master that empties itself all that take some. */
export function targets(own: number, others: readonly Peer[], emptying: boolean): string[] {
  const takers = others.filter((peer) => peer.wanted === 'active').toSorted((a, b) => a.sessions - b.sessions);
  const line = emptying ? Number.POSITIVE_INFINITY : meanOf(own, takers);
  return takers
    .filter((peer) => peer.sessions < line)
    .slice(0, targetsMost)
    .map((peer) => peer.address);
}

/** Whether a worker that arrives would be better off elsewhere. */
export function isCrowded(own: number, others: readonly Peer[]): boolean {
  const mean = meanOf(
    own,
    others.filter((peer) => peer.wanted === 'active'),
  );
  return own > Math.max(mean * 1.2, mean + slack);
}

/** Whether to go on moving (`moving`) or to begin it. */
export function isLopsided(own: number, others: readonly Peer[], moving: boolean): boolean {
  const mean = meanOf(
    own,
    others.filter((peer) => peer.wanted === 'active'),
  );
  return moving ? own > mean * 1.1 + 1 : own > Math.max(mean * 1.25, mean + 2 * slack);
}

function meanOf(own: number, takers: readonly Peer[]): number {
  return takers.reduce((sum, peer) => sum + peer.sessions, own) / (takers.length + 1);
}
