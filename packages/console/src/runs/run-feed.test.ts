// The feed of a run list: rounds never overlap, nothing that changed is forgotten, short pages are put together.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Page, RunState, RunSummary } from '@tidewheel/protocol';
import { RunFeed } from './run-feed.ts';

function run(id: string, state: RunState = 'succeeded'): RunSummary {
  return { id, state } as RunSummary;
}

function page(ids: string, nextCursor: string | null = null, state?: RunState): Page<RunSummary> {
  return { items: Array.from(ids, (id) => run(id, state)), nextCursor };
}

/** A source whose answers the test gives, one by one. */
function setup() {
  const asked: { what: string; answer: (value: never) => void; fail: (error: Error) => void }[] = [];
  const ask = (what: string) => new Promise<never>((answer, fail) => asked.push({ what, answer, fail }));
  const feed = new RunFeed({ page: (cursor) => ask(`page ${cursor ?? 'first'}`), run: (id) => ask(`run ${id}`) });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const answer = async (value: object) => {
    const next = asked.shift();
    assert.ok(next !== undefined, 'nothing was asked');
    next.answer(value as never);
    await settle();
    return next.what;
  };
  const fail = async (error: Error) => {
    asked.shift()?.fail(error);
    await settle();
  };
  const ids = () =>
    feed
      .state()
      .list?.rows.map((row) => row.id)
      .join('') ?? null;
  return { feed, asked, answer, fail, ids };
}

test('changes during a round lead to exactly one more', async () => {
  const { feed, asked, answer, ids } = setup();
  feed.start();
  feed.refresh();
  feed.refresh();
  assert.equal(asked.length, 1);
  await answer(page('cba'));
  assert.equal(ids(), 'cba');
  assert.equal(asked.length, 1);
  await answer(page('dcba'));
  assert.equal(feed.state().list?.newRuns, 1);
  assert.equal(asked.length, 0);
});

test('short pages are put together until there are rows or no more pages', async () => {
  const { feed, asked, answer, ids } = setup();
  feed.start();
  assert.equal(await answer(page('', 'x')), 'page first');
  assert.equal(await answer(page('b', 'y')), 'page x');
  assert.equal(await answer(page('a')), 'page y');
  assert.equal(ids(), 'ba');
  assert.equal(asked.length, 0);
});

test('a source that never fills a page is not asked without end', async () => {
  const { feed, asked, answer } = setup();
  feed.start();
  for (let pages = 0; pages < 5; pages++) await answer(page('', 'on'));
  assert.equal(asked.length, 0);
  assert.equal(feed.state().list?.nextCursor, 'on');
});

test('an unfinished row that fell out of the newest page is asked for by itself', async () => {
  const { feed, answer } = setup();
  feed.start();
  await answer(page('a', null, 'running'));
  feed.refresh();
  await answer(page('zyx', 'old'));
  assert.equal(await answer(run('a', 'failed')), 'run a');
  assert.equal(feed.state().list?.rows[0]?.state, 'failed');
});

test('a failure keeps what is shown and is forgotten after the next success', async () => {
  const { feed, answer, fail, ids } = setup();
  feed.start();
  await answer(page('a'));
  feed.refresh();
  await fail(new Error('away'));
  assert.equal(ids(), 'a');
  assert.equal((feed.state().error as Error).message, 'away');
  feed.refresh();
  await answer(page('a'));
  assert.equal(feed.state().error, null);
});

test('answers to a stopped feed change nothing', async () => {
  const { feed, asked, answer, ids } = setup();
  feed.start();
  feed.stop();
  await answer(page('a'));
  assert.equal(ids(), null);
  feed.refresh();
  assert.equal(asked.length, 0);
});

test('new runs beyond the newest page start the list anew', async () => {
  const { feed, asked, answer, ids } = setup();
  feed.start();
  await answer(page('cba', 'x'));
  await answer(page('', 'y'));
  await answer(page(''));
  feed.refresh();
  await answer(page('zyx', 'gap'));
  assert.equal(feed.state().list?.moreNew, true);
  feed.showNew();
  assert.equal(ids(), null);
  assert.equal(asked.length, 1);
});
