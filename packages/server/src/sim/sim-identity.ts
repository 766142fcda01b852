// Names and randomness of one process, all drawn from the seed. `ofFire` and `hash` are true functions, the same as in
// production, because their results are compared across processes.

import { createHash } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { Identity } from '../ports/identity.ts';
import type { Random } from './random.ts';

export function simIdentity(random: Random, clock: Clock): Identity {
  let last = 0;
  return {
    next() {
      // Strictly growing within a process although its wall clock may step back.
      last = Math.max(last + 1, Math.floor(clock.wallMs()) * 16);
      const time = Math.floor(last / 16);
      return uuid(hex(time, 12) + '7' + hex(last % 16, 1) + random.hex128().slice(0, 18));
    },
    random: () => {
      const text = random.hex128();
      return uuid(`${text.slice(0, 12)}4${text.slice(13, 32)}`);
    },
    ofFire(scheduleId, fireAt) {
      const digest = sha256(`${scheduleId}/${fireAt}`);
      return uuid(`${hex(fireAt, 12)}8${digest.slice(0, 19)}`);
    },
    fraction: () => random.fraction(),
    secret: () => `${random.hex128()}${random.hex128()}`,
    hash: sha256,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0').slice(-digits);
}

/** 32 hex digits, with the variant bits of RFC 9562 set. */
function uuid(digits: string): string {
  const variant = ((Number.parseInt(digits[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  const text = digits.slice(0, 16) + variant + digits.slice(17);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
