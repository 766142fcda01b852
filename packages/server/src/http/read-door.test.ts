// Reads over a door whose store has a replica: a second store that holds something else, so that it shows which one has answered.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { changeHeader, type JobView, type Page, staleHeader } from '@tidewheel/protocol';
import { type Change, changeText, unknownPlace } from '../core/change.ts';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Reads, Replica } from '../ports/reads.ts';
import { callAt, openDoor, type OpenDoor } from './testing/open-door.ts';
import { readEvents } from './testing/read-events.ts';

/** Where the replica is. */
const held: Change = { systemId: '7', timeline: 2, position: 90n };
const here: Change = { systemId: '7', timeline: 2, position: 100n };

interface ReplicaBench {
  reads: Reads;
  /** What `replica` was asked for. */
  asked: (Change | null)[];
  mode: 'fit' | 'unfit' | 'broken';
  /** The age of what a standby holds in an outage. */
  left: number | null;
  replica: () => Replica;
}

let behind: OpenDoor;
let door: OpenDoor;
let replica: ReplicaBench;

function replicaOf(): ReplicaBench {
  const bench: ReplicaBench = {
    asked: [],
    mode: 'fit',
    left: null,
    replica: () => {
      const { db } = behind.bench.context;
      return {
        name: 'two',
        place: async () => held,
        dialect: db.dialect,
        query: (sql, params) =>
          bench.mode === 'broken' ? Promise.reject(new StoreUnavailable('broken')) : db.query(sql, params),
      };
    },
    reads: {
      staleMs: 3000,
      replicas: [{ name: 'two', serving: true, staleMs: 1, trouble: null }],
      current: ({ timeline, systemId }) => timeline === here.timeline && systemId === here.systemId,
      change: async () => here,
      watch: () => () => undefined,
      left: () => (bench.left === null ? null : { replica: bench.replica(), ageMs: bench.left }),
      close: async () => undefined,
      replica: async (change) => {
        bench.asked.push(change);
        return bench.mode === 'unfit' ? null : bench.replica();
      },
    },
  };
  return bench;
}

const job = (name: string) => ({ name, shell: { argv: ['true'] } });
const put = (where: OpenDoor, name: string) =>
  where.call('PUT', `jobs/${name}`, { body: job(name), headers: { 'if-none-match': '*' } });

before(async () => {
  behind = await openDoor();
  replica = replicaOf();
  door = await openDoor({}, { reads: replica.reads });
  await put(behind, 'old');
  await put(door, 'old');
  await put(door, 'new');
});
beforeEach(() => {
  replica.mode = 'fit';
  replica.left = null;
  replica.asked.length = 0;
});
after(async () => {
  await door.close();
  await behind.close();
});

async function jobNames(change: string | null): Promise<string[]> {
  const answer = await door.call('GET', 'jobs', { headers: change === null ? {} : { [changeHeader]: change } });
  return answer.json<Page<JobView>>().items.map(({ name }) => name);
}

test('who says nothing of changes is answered by the primary', async () => {
  assert.deepEqual(await jobNames(null), ['new', 'old']);
  assert.deepEqual(replica.asked, []);
});

test('who has changed nothing, or something that a replica holds, is answered by a replica', async () => {
  assert.deepEqual(await jobNames('none'), ['old']);
  assert.deepEqual(await jobNames(changeText(here)), ['old']);
  assert.deepEqual(replica.asked, [null, here]);
});

test('what a replica has shown is what the next one must hold', async () => {
  const answer = await door.call('GET', 'jobs', { headers: { [changeHeader]: 'none' } });
  assert.equal(answer.headers.get(changeHeader), changeText(held));
  const unaware = await door.call('GET', 'jobs');
  assert.equal(unaware.headers.get(changeHeader), null);
});

test('when no replica is fit, or one fails, the primary answers', async () => {
  replica.mode = 'unfit';
  assert.deepEqual(await jobNames('none'), ['new', 'old']);
  replica.mode = 'broken';
  assert.deepEqual(await jobNames('none'), ['new', 'old']);
});

test('what a replica does not know the primary is asked for', async () => {
  await door.call('POST', 'runs', { body: { job: 'old' } });
  const runs = (await door.call('GET', 'runs')).json<Page<{ id: string }>>();
  const [run] = runs.items;
  const headers = { [changeHeader]: 'none' };
  const answer = await door.call('GET', `runs/${run?.id}`, { headers });
  assert.deepEqual([answer.status, replica.asked.length], [200, 1]);
  assert.equal((await door.call('GET', `runs/${run?.id.replace(/^./, 'f')}`, { headers })).status, 404);
});

test('a definition, whose ETag a change will bring, always comes from the primary', async () => {
  for (const path of ['jobs/new', 'jobs/old'])
    assert.equal((await door.call('GET', path, { headers: { [changeHeader]: 'none' } })).status, 200);
  assert.deepEqual(replica.asked, []);
});

test('a header that is no change is refused', async () => {
  for (const text of ['', 'now', `${changeText(here)}, none`]) {
    const answer = await door.call('GET', 'jobs', { headers: { [changeHeader]: text } });
    assert.deepEqual([answer.status, answer.problem().code], [400, 'INVALID_CHANGE'], text);
  }
});

test('answers to changes say what to send along, refusals do not', async () => {
  const done = await door.call('POST', 'runs', { body: { job: 'old' } });
  assert.equal(done.headers.get(changeHeader), changeText(here));
  const refused = await door.call('POST', 'runs', { body: { job: 'nothing' } });
  assert.equal(refused.headers.get(changeHeader), null);
  assert.equal((await behind.call('POST', 'runs', { body: { job: 'old' } })).headers.get(changeHeader), null);
});

test('a change of unknown outcome is read back from the primary', async () => {
  const { db } = door.bench.context;
  const { transaction } = db;
  db.transaction = () => Promise.reject(new OutcomeUnknown('lost'));
  const answer = await door.call('POST', '/v1/tokens', {
    token: await adminOfAll(),
    body: { name: 'x', role: 'viewer', namespace: 'default' },
  });
  db.transaction = transaction;
  assert.deepEqual(
    [answer.problem().code, answer.headers.get(changeHeader)],
    ['OUTCOME_UNKNOWN', changeText(unknownPlace)],
  );
});

test('who has heard of another history gets a change of this one with the next read', async () => {
  replica.mode = 'unfit';
  const old = { ...here, timeline: 1 };
  const answer = await door.call('GET', 'jobs', { headers: { [changeHeader]: changeText(old) } });
  assert.equal(answer.headers.get(changeHeader), changeText(here));
  const same = await door.call('GET', 'jobs', { headers: { [changeHeader]: changeText(here) } });
  assert.equal(same.headers.get(changeHeader), null);
});

test('a live page is told what to send along to see the news', async () => {
  const events = await readEvents(`${door.door.address}/v1/namespaces/default/live`, door.tokens.viewer);
  door.bench.context.signals.publish('changed', { namespace: 'default', topics: ['runs'] });
  assert.deepEqual((await events.next())?.data, { topics: ['runs'], change: changeText(here) });
  events.close();
});

test('tokens are read from the primary alone', async () => {
  const answer = await callAt(door.door.address, 'GET', '/v1/tokens', {
    token: await adminOfAll(),
    headers: { [changeHeader]: 'none' },
  });
  assert.deepEqual([answer.status, replica.asked.length], [200, 0]);
});

test('while the primary is gone a standby answers, marked with its age, and says who may ask', async () => {
  const { db } = door.bench.context;
  const { query } = db;
  // A token that the standby knows, and one that it does not.
  const token = await behind.token('viewer', 'default');
  const unknown = await door.token('viewer', 'default');
  db.query = () => Promise.reject(new StoreUnavailable('gone'));
  const read = (path: string, credential: string) => door.call('GET', path, { token: credential });
  try {
    replica.mode = 'unfit';
    assert.equal((await read('jobs', token)).status, 503);
    replica.mode = 'fit';
    replica.left = 5000;
    const answer = await read('jobs', token);
    assert.deepEqual([answer.status, answer.headers.get(staleHeader)], [200, '5']);
    const { items, stale } = answer.json<Page<JobView> & { stale: { ageMs: number } }>();
    assert.deepEqual([items.map(({ name }) => name), stale.ageMs], [['old'], 5000]);
    assert.equal((await read('jobs', unknown)).status, 503);
    assert.equal((await read('jobs/nothing', token)).status, 503, 'the primary may know it');
    assert.equal((await read('/v1/server', token)).status, 503);
    assert.equal((await door.call('POST', 'runs', { token, body: { job: 'old' } })).status, 503);
    const foreign = await behind.token('viewer', 'elsewhere');
    assert.equal((await read('jobs', foreign)).problem().code, 'NOT_FOUND');
  } finally {
    db.query = query;
  }
});

const adminOfAll = (): Promise<string> => door.token('admin', '*');
