import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durabilityFault, durabilityOf, type ReplicationFacts, rpoText, type Standby } from './durability.ts';

const standby: Standby = { name: 'two', state: 'streaming', sync: 'async', lagMs: 3200, lagBytes: 900 };
const safe: ReplicationFacts = { fsync: true, commit: 'on', waits: false, standbys: [] };

function say(facts: Partial<ReplicationFacts>, demanded: 'none' | 'local' | 'synchronous' = 'synchronous') {
  const now = durabilityOf({ ...safe, ...facts }, demanded);
  return { mode: now.mode, text: rpoText(now), fault: durabilityFault(now) };
}

test('a standby that confirms commits leaves nothing to lose', () => {
  const sync = { ...standby, sync: 'sync' };
  assert.deepEqual(say({ waits: true, standbys: [sync, { ...standby, sync: 'potential' }] }), {
    mode: 'synchronous',
    text: '0: synchronous to one standby',
    fault: null,
  });
  const quorum = { ...standby, sync: 'quorum' };
  assert.equal(say({ waits: true, standbys: [quorum, quorum] }).text, '0: synchronous to 2 standbys');
});

test('without synchronous replication the lag of the furthest standby is what would be lost', () => {
  const far = { ...standby, lagMs: 60_000, lagBytes: 1_000_000 };
  const said = say({ standbys: [far, standby] });
  assert.deepEqual([said.mode, said.text], ['asynchronous', 'up to 3.2 s (900 bytes), asynchronous']);
  assert.match(said.fault ?? '', /without a standby/);
});

test('a synchronous standby counts for nothing when commits do not wait for it', () => {
  const sync = { ...standby, sync: 'sync' };
  assert.equal(say({ waits: true, commit: 'local', standbys: [sync] }).mode, 'asynchronous');
});

test('commits that wait for a standby that is not there are told', () => {
  const said = say({ waits: true });
  assert.deepEqual([said.mode, said.text], ['blocked', '0: commits wait for a standby']);
  assert.match(said.fault ?? '', /they wait/);
  assert.equal(say({ waits: true, standbys: [{ ...standby, state: 'catchup', sync: 'sync' }] }).mode, 'blocked');
});

test('what the demand allows is no fault', () => {
  assert.equal(say({}, 'local').fault, null);
  assert.equal(say({}, 'none').fault, null);
  assert.equal(say({ fsync: false }, 'none').fault, null);
  assert.match(say({ commit: 'off' }, 'local').fault ?? '', /fsync or synchronous_commit/);
});

test('a role that may not see the replication says so instead of guessing', () => {
  const hidden: Standby = { name: 'two', state: 'unknown', sync: 'unknown', lagMs: null, lagBytes: null };
  for (const waits of [true, false]) assert.match(say({ waits, standbys: [hidden] }).fault ?? '', /pg_monitor/);
});
