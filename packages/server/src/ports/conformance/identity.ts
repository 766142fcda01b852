// What any Identity must do. Names of fires must be the same everywhere, or two masters would name one run differently.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { describe } from 'node:test';
import type { Identity } from '../identity.ts';

const schedule = '0198c0de-0000-7000-8000-000000000001';
const many = 5000;

function version(digit: string): RegExp {
  return new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${digit}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);
}

function collect(make: () => string): string[] {
  return Array.from({ length: many }, make);
}

export function testIdentity(name: string, open: () => Identity): void {
  describe(`identity: ${name}`, () => {
    test('names are UUIDv7 and grow strictly', () => {
      const { next } = open();
      const names = collect(next);
      for (const [index, one] of names.entries()) {
        assert.match(one, version('7'));
        assert.ok(index === 0 || one > (names[index - 1] ?? ''), `${one} after ${names[index - 1]}`);
      }
    });

    test('random names are UUIDv4 and never repeat', () => {
      const names = collect(open().random);
      for (const one of names) assert.match(one, version('4'));
      assert.equal(new Set(names).size, many);
    });

    test('the name of a fire is made of schedule and time alone, the same everywhere', () => {
      const { ofFire } = open();
      assert.equal(ofFire(schedule, 1_800_000_000_000), open().ofFire(schedule, 1_800_000_000_000));
      const digest = createHash('sha256').update(`${schedule}/1800000000000`).digest('hex');
      const made = ofFire(schedule, 1_800_000_000_000);
      assert.match(made, version('8'));
      const digits = made.replaceAll('-', '');
      assert.equal(Number.parseInt(digits.slice(0, 12), 16), 1_800_000_000_000);
      assert.equal(digits.slice(13, 16) + digits.slice(17), digest.slice(0, 3) + digest.slice(4, 19));
      assert.notEqual(ofFire('0198c0de-0000-7000-8000-000000000002', 1_800_000_000_000), made);
    });

    test('names of fires sort by their nominal time', () => {
      const { ofFire } = open();
      const times = [0, 1, 999, 1_500_000_000_000, 1_800_000_000_000, 1_800_000_000_001, 4_000_000_000_000];
      const names = times.map((fireAt) => ofFire(schedule, fireAt));
      assert.deepEqual(
        [...names].sort((a, b) => (a < b ? -1 : 1)),
        names,
      );
    });

    test('fractions are spread over [0, 1)', () => {
      const { fraction } = open();
      const parts = new Set<number>();
      for (let index = 0; index < many; index += 1) {
        const value = fraction();
        assert.ok(value >= 0 && value < 1);
        parts.add(Math.floor(value * 10));
      }
      assert.equal(parts.size, 10);
    });

    test('secrets are long, safe in a URL, and never repeat', () => {
      const secrets = collect(open().secret);
      for (const secret of secrets) assert.match(secret, /^[\w-]{43,}$/);
      assert.equal(new Set(secrets).size, many);
    });

    test('the hash is SHA-256 as hex', () => {
      assert.equal(open().hash('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      assert.equal(open().hash('名'), createHash('sha256').update('名', 'utf8').digest('hex'));
    });
  });
}
