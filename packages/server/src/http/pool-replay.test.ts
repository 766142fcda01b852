import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ReplayRuns, ReplayWorkers } from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  const body = { name: 'a', labels: { pool: 'a' }, max: 5 };
  assert.equal((await door.call('PUT', 'pools/a', { body, headers: { 'if-none-match': '*' } })).status, 201);
});
after(() => door.close());

const replay = (what: string, token?: string) =>
  door.call('GET', `pools/a/replay/${what}`, token === undefined ? {} : { token });

test('whoever reads the namespace gets what there is to replay', async () => {
  const runs = await replay('runs?from=1&to=2', door.tokens.viewer);
  assert.deepEqual([runs.status, runs.json<ReplayRuns>().dueAt, runs.json<ReplayRuns>().nextCursor], [200, [], null]);
  const workers = (await replay('workers?from=1&to=2', door.tokens.viewer)).json<ReplayWorkers>();
  assert.deepEqual([workers.workerMs, workers.atStart], [0, 0]);
  assert.equal((await replay('runs?from=1&to=2', door.tokens.worker)).problem().code, 'FORBIDDEN');
  assert.equal((await replay('runs?from=1&to=2', await door.token('viewer', 'other'))).status, 404);
});

test('a range that ends before it begins, too large a page, a made-up cursor and a pool that is not there are refused', async () => {
  const pointers = async (what: string) => (await replay(what)).problem().errors?.map(({ pointer }) => pointer);
  assert.deepEqual(await pointers('runs?from=2&to=1'), ['/query/to']);
  assert.deepEqual(await pointers('workers?from=2'), ['/query/to']);
  assert.deepEqual(await pointers('runs?from=1&to=2&limit=5001'), ['/query/limit']);
  assert.deepEqual(await pointers('runs?from=1&to=2&cursor=x'), ['/query/cursor']);
  assert.equal((await door.call('GET', 'pools/none/replay/runs?from=1&to=2')).problem().code, 'NOT_FOUND');
});
