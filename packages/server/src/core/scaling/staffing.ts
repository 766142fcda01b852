// How many slots a steady stream of runs needs, so that no more than a share of them waits longer than is allowed. Runs arrive at random
// and differ in length: with exactly as many slots as are busy on average, the queue would grow without end, and the smaller the
// stream, the larger the part that must be idle. The formula of Erlang for streams that wait (arrivals by chance, lengths spread
// exponentially) tells how likely it is that all slots are busy, and how fast waiting falls off with each slot that is more.

/** Over this the room that chance asks for is less than the share that `utilisation` keeps free, whatever is sensible. */
const exactSlots = 20_000;

export interface Stream {
  /** Arrivals × length: the slots that are busy on average. */
  readonly offered: number;
  readonly runMs: number;
}

/** The fewest slots with which `share` of the runs wait no longer than `waitMs`. */
export function slotsForStream({ offered, runMs }: Stream, waitMs: number, share: number): number {
  if (offered <= 0) return 0;
  if (offered > exactSlots) return Math.ceil(offered);
  // Chance that a run is blocked when nobody may wait, slot by slot: the recursion of Erlang, which is stable upwards.
  let blocked = 1;
  const most = 2 * offered + 100;
  for (let slots = 1; slots < most; slots += 1) {
    blocked = (offered * blocked) / (slots + offered * blocked);
    if (slots <= offered) continue;
    const waits = blocked / (1 - (offered / slots) * (1 - blocked));
    if (waits * Math.exp((-(slots - offered) * waitMs) / runMs) <= 1 - share) return slots;
  }
  return Math.ceil(most);
}
