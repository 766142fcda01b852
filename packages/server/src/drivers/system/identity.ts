// Randomness of the machine, and names made of it. Secure throughout, but for `fraction`.

import { createHash, randomBytes, randomFillSync, randomUUID } from 'node:crypto';
import type { Identity } from '../../ports/identity.ts';

/** Names within one millisecond: the counter takes the 12 bits after the version. */
const counterMax = 0xfff;
/** Random bytes of one name, and how many are drawn at once: a draw costs 0.5 µs whatever its size. */
const tailBytes = 8;
const pool = new Uint8Array(tailBytes * 256);

export const systemIdentity: Identity = makeIdentity(Date.now);

/** For tests of the order of names: production uses `systemIdentity`. */
export function makeIdentity(wallMs: () => number): Identity {
  let time = 0;
  let counter = 0;
  let used = pool.length;

  function tail(): string {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.subarray(used, used + tailBytes);
    used += tailBytes;
    return Buffer.from(bytes).toString('hex');
  }

  return {
    next: () => {
      const now = wallMs();
      if (now > time) {
        time = now;
        // Starts in the lower half, so that names of several processes mix and the counter has room.
        counter = Math.floor(Math.random() * (counterMax / 2));
      } else if (counter < counterMax) counter += 1;
      else {
        // The clock stands still or went back: the names run ahead of it rather than repeat.
        time += 1;
        counter = 0;
      }
      return uuidOf(`${hex(time, 12)}7${hex(counter, 3)}${tail()}`);
    },
    random: () => randomUUID(),
    ofFire: (scheduleId, fireAt) => uuidOf(`${hex(fireAt, 12)}8${sha256(`${scheduleId}/${fireAt}`).slice(0, 19)}`),
    fraction: () => Math.random(),
    secret: () => randomBytes(32).toString('base64url'),
    hash: sha256,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** 32 hex digits as a UUID, with the variant bits of RFC 9562. */
function uuidOf(digits: string): string {
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
}
