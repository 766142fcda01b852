import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MasterMessage, masterMessageSchema } from '@tidewheel/protocol';
import { asSentBy, makes, signalSentBy } from './version-skew.ts';

const bye: MasterMessage = { type: 'bye', code: 'MOVED', reason: 'elsewhere', retry: true, prefer: ['http://b'] };

test('an older make leaves out what is optional, a newer one says more, and both can be read', () => {
  assert.ok(!('prefer' in asSentBy('older', bye)));
  assert.ok('later' in asSentBy('newer', bye));
  for (const make of makes) assert.ok(masterMessageSchema.safeParse(asSentBy(make, bye)).success, make);
});

test('an older make does not know the newer signals', () => {
  assert.equal(signalSentBy('older', 'locks', { locks: [] }), undefined);
  assert.deepEqual(signalSentBy('newer', 'schedules', null), { later: ['unknown'] });
});
