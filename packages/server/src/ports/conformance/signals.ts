// What any Signals must do. Two ends stand for two masters; where there is only one process, both are the same.
// Nothing here waits for time: every test ends with a signal that must arrive, or with one sent after what must not.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Signals } from '../signals.ts';

export interface SignalEnds {
  readonly here: Signals;
  readonly there: Signals;
  close(): Promise<void>;
}

export function testSignals(name: string, open: () => Promise<SignalEnds>): void {
  async function withEnds(use: (ends: SignalEnds) => Promise<void>): Promise<void> {
    const ends = await open();
    try {
      await use(ends);
    } finally {
      await ends.close();
    }
  }

  describe(`signals on ${name}`, { timeout: 60_000 }, () => {
    test('own publications arrive, and those of others', () =>
      withEnds(async ({ here, there }) => {
        const heardHere = next(here, 'ready');
        const heardThere = next(there, 'ready');
        here.publish('ready', { lanes: ['a'] });
        assert.deepEqual(await heardHere, { lanes: ['a'] });
        assert.deepEqual(await heardThere, { lanes: ['a'] });
      }));

    test('each arrives once', () =>
      withEnds(async ({ here, there }) => {
        let heard = 0;
        here.subscribe('schedules', () => {
          heard += 1;
        });
        here.publish('schedules', null);
        // What the other end answers comes after the echo of our own, if there is one.
        const answered = next(here, 'scheduled');
        await next(there, 'schedules', () => there.publish('scheduled', null));
        await answered;
        assert.equal(heard, 1);
      }));

    test('publications of one tick arrive as one, merged', () =>
      withEnds(async ({ here, there }) => {
        const ready: unknown[] = [];
        const changed: unknown[] = [];
        there.subscribe('ready', (detail) => ready.push(detail));
        there.subscribe('changed', (detail) => changed.push(detail));
        const done = next(there, 'logs');
        here.publish('ready', { lanes: ['a', 'b'] });
        here.publish('ready', { lanes: ['b', 'c'] });
        here.publish('changed', { namespace: 'n', topics: ['runs'] });
        here.publish('changed', { namespace: 'm', topics: ['jobs'] });
        here.publish('changed', { namespace: 'n', topics: ['runs', 'workers'] });
        here.publish('logs', { runs: ['r'] });
        await done;
        assert.deepEqual(ready, [{ lanes: ['a', 'b', 'c'] }]);
        assert.deepEqual(changed, [
          { namespace: 'n', topics: ['runs', 'workers'] },
          { namespace: 'm', topics: ['jobs'] },
        ]);
      }));

    test('a publication far larger than one message arrives whole', () =>
      withEnds(async ({ here, there }) => {
        const lanes = Array.from(
          { length: 2000 },
          (_, index) => `0198c0de-0000-7000-8000-${String(index).padStart(12, '0')}`,
        );
        const heard: string[] = [];
        there.subscribe('ready', (detail) => heard.push(...detail.lanes));
        const done = next(there, 'logs');
        here.publish('ready', { lanes });
        here.publish('changed', { namespace: '名'.repeat(128), topics: ['runs'] });
        here.publish('logs', { runs: ['r'] });
        await done;
        assert.deepEqual(heard.sort(), lanes);
      }));

    test('whoever has unsubscribed hears nothing more, others do', () =>
      withEnds(async ({ here, there }) => {
        let heard = 0;
        const unsubscribe = there.subscribe('schedules', () => {
          heard += 1;
        });
        unsubscribe();
        unsubscribe();
        const other = next(there, 'schedules');
        here.publish('schedules', null);
        await other;
        assert.equal(heard, 0);
      }));

    test('after close nothing arrives and publishing is harmless', () =>
      withEnds(async ({ here, there }) => {
        there.subscribe('schedules', () => assert.fail('heard after close'));
        await there.close();
        await there.close();
        there.publish('schedules', null);
        here.publish('schedules', null);
      }));
  });
}

function next<T extends Parameters<Signals['subscribe']>[0]>(
  signals: Signals,
  topic: T,
  then: () => void = () => undefined,
): Promise<unknown> {
  return new Promise((resolve) => {
    const unsubscribe = signals.subscribe(topic, (detail) => {
      unsubscribe();
      then();
      resolve(detail);
    });
  });
}
