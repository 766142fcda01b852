// How many connections to PostgreSQL masters may open. After a fail-over all of them come to another server at once, whose limit is no
// larger, so the sum of what they may open must fit beforehand.

/** Beside the pool: signals, the watch over silent lines, the search for the primary, the confirmation by a standby. */
const besideThePool = 4;
/** A session whose commit waits for a standby stays on the server while its place in the pool is taken by another one. */
const waitingShare = 1;

/** Of one master, at the worst moment: a standby that becomes the primary may still have the connections by which it was read. */
export function connectionsMost(poolSize: number, readsReplicas: boolean): number {
  const reading = readsReplicas ? poolSize + 1 : 0;
  return poolSize * (1 + waitingShare) + besideThePool + reading;
}
