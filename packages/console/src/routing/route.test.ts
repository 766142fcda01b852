// Addresses round-trip: what a page writes into the URL is what it reads back after a reload.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { allRunStates } from '../runs/states.ts';
import {
  addressOf,
  anyRun,
  type ComingRange,
  type Place,
  readRoute,
  type RunFilter,
  scheduleStates,
  type Sketch,
  type Window,
} from './route.ts';

function reread(namespace: string | null, place: Place) {
  const url = new URL(addressOf(namespace, place), 'http://console.test');
  return readRoute(url.pathname, url.search);
}

const word = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .filter((text) => text.isWellFormed() && text !== '.' && text !== '..');
const maybeWord = fc.option(word, { nil: null });
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const range = fc.oneof(
  fc.record({
    window: fc.constantFrom<Window>('15m', '1h', '24h', '7d'),
    from: fc.constant(null),
    to: fc.constant(null),
  }),
  fc.record({ window: fc.constant(null), from: fc.option(time, { nil: null }), to: fc.option(time, { nil: null }) }),
);
const runFilter: fc.Arbitrary<RunFilter> = fc
  .tuple(
    fc.subarray(allRunStates),
    fc.record({ job: maybeWord, schedule: maybeWord, worker: maybeWord, queue: maybeWord }),
    range,
  )
  .map(([states, names, times]) => ({ states, ...names, ...times }));
const sketch: fc.Arbitrary<Sketch> = fc
  .record({
    kind: fc.constantFrom<Sketch['kind']>('cron', 'every', 'rrule'),
    text: word,
    zone: word,
    calendar: maybeWord,
    move: fc.constantFrom<Sketch['move']>('skip', 'next', 'previous'),
  })
  .map((one) => (one.calendar === null ? { ...one, move: 'skip' } : one));
const place: fc.Arbitrary<Place> = fc.oneof(
  fc.record({ page: fc.constant('coming' as const), range: fc.constantFrom<ComingRange>('24h', '7d', '35d') }),
  fc.record({
    page: fc.constant('calendar' as const),
    name: word,
    year: fc.option(fc.integer({ min: 1970, max: 2199 }), { nil: null }),
  }),
  fc.record({ page: fc.constant('try' as const), sketch }),
  fc.constantFrom<Place>({ page: 'overview' }, { page: 'workers' }, { page: 'backups' }),
  fc.record({ page: fc.constant('runs' as const), filter: runFilter }),
  fc.record({
    page: fc.constant('schedules' as const),
    filter: fc.record({
      search: fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()),
      state: fc.option(fc.constantFrom(...scheduleStates), { nil: null }),
      job: maybeWord,
    }),
  }),
  fc.record({ page: fc.constantFrom('schedule' as const, 'job' as const), name: word }),
  fc.record({
    page: fc.constant('run' as const),
    id: fc.uuid(),
    attempt: fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
  }),
);

test('every place reads back from its own address', () => {
  fc.assert(
    fc.property(word, place, (namespace, original) => {
      // structuredClone: records of fast-check may have no prototype.
      assert.deepEqual(reread(namespace, original), { namespace, place: structuredClone(original) });
    }),
  );
});

test('a name with a slash stays one part of the path', () => {
  assert.equal(addressOf('default', { page: 'job', name: 'reports/daily' }), '/n/default/jobs/reports%2Fdaily');
});

test('empty filters leave no trace and set ones stay readable', () => {
  assert.equal(addressOf('default', { page: 'runs', filter: anyRun }), '/n/default/runs');
  const filter: RunFilter = { ...anyRun, states: ['failed', 'lost'], job: 'backup', window: '1h' };
  assert.equal(
    addressOf('default', { page: 'runs', filter }),
    '/n/default/runs?state=failed,lost&job=backup&window=1h',
  );
});

test('what is unknown in a query is dropped instead of breaking the page', () => {
  const route = readRoute('/n/default/runs', '?state=failed,exploded&window=99y&from=yesterday&color=red');
  assert.deepEqual(route.place, { page: 'runs', filter: { ...anyRun, states: ['failed'] } });
});

test('an unknown path is not found and a path without a namespace is kept for the session to fill in', () => {
  assert.equal(readRoute('/n/default/nonsense', '').place.page, 'not-found');
  assert.equal(readRoute('/n/default/runs/a/b', '').place.page, 'not-found');
  assert.deepEqual(readRoute('/runs/0198', ''), { namespace: null, place: { page: 'run', id: '0198', attempt: null } });
});
