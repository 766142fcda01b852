import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstDifference, zoneChanges, zonesOf } from './zone-data.ts';
import { offsetAt } from './zone-clock.ts';

const from = Date.UTC(2026, 0, 1);
const until = Date.UTC(2030, 0, 1);

test('the changes of a zone tell its offset at any instant', () => {
  for (const zone of ['Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Shanghai', 'UTC']) {
    const { offset, changes } = zoneChanges(zone, from, until);
    for (let at = from; at <= until; at += 7 * 3_600_000) {
      const told = changes.findLast(([change]) => change <= at)?.[1] ?? offset;
      assert.equal(told, offsetAt(zone, at), `${zone} at ${new Date(at).toISOString()}`);
    }
  }
});

test('two releases differ from the first instant at which their offsets do', () => {
  const now = zoneChanges('Europe/Berlin', from, until);
  const [spring, autumn] = now.changes;
  assert.ok(spring !== undefined && autumn !== undefined);
  assert.equal(firstDifference(now, now, from), null);
  assert.equal(firstDifference(now, { ...now, offset: 0 }, from), from);
  // Winter time is given up: the clock is not put forward any more, or not put back.
  assert.equal(firstDifference(now, { ...now, changes: now.changes.slice(1) }, from), spring[0]);
  assert.equal(firstDifference({ ...now, changes: [spring] }, now, from), autumn[0]);
  const hour = 3_600_000;
  assert.equal(
    firstDifference(now, { ...now, changes: [[spring[0] - hour, spring[1]], autumn] }, from),
    spring[0] - hour,
  );
  // A change to what is anyway is none.
  assert.equal(firstDifference(now, { ...now, changes: [[from + hour, now.offset], ...now.changes] }, from), null);
});

test('a schedule depends on its own zone and on those of its triggers', () => {
  const times = [{ cron: '0 3 * * *', timezone: 'Asia/Tokyo' }, { every: 60_000 }];
  assert.deepEqual([...zonesOf({ timezone: 'Europe/Berlin', times }, new Map())], ['Europe/Berlin', 'Asia/Tokyo']);
});
