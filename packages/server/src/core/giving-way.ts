// What makes up for the past gives way to what is due: its runs are claimed after all others of the same priority.

/** Of a job, as the protocol has it. */
const lowestPriority = -100;

/** Jobs that have the lowest priority already have nothing to give way with. */
export function givingWay(priority: number): number {
  return Math.max(lowestPriority, priority - 1);
}
