// By how much a run is put off at random: always the same for the same schedule and time, so that whoever decides it decides alike.

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  // The low bits of similar texts are alike: mix once more.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** From 0 to `jitterMs`, both included. */
export function jitterOf(scheduleId: string, fireAt: number, jitterMs: number): number {
  return jitterMs === 0 ? 0 : hash(`${scheduleId} ${fireAt}`) % (jitterMs + 1);
}
