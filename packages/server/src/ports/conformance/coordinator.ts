// What any Coordinator must do, over two connections that stand for two masters. What cannot be done to one is declared as data,
// with the reason. Only a coordinator with a clock of its own makes these tests wait, and then for an end that it brings itself.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { type Coordinator, CoordinatorUnavailable, type LeaseGrant } from '../coordinator.ts';

export interface CoordinatorEnds {
  readonly here: Coordinator;
  readonly there: Coordinator;
  /** The shortest lease that it grants. */
  readonly ttlMs: number;
  /** Lets time pass by the coordinator's clock. */
  pass(ms: number): Promise<void>;
  /** Kills the coordinator and starts it again with what it had kept. */
  restart?(): Promise<void>;
  /** Breaks the connections of `here`, now. */
  cut?(): void;
  /** Breaks the connection of `here` when what it sends next with this text has been sent, before the answer comes back. */
  loseAnswerTo?(text: string): Promise<void>;
  close(): Promise<void>;
}

type CoordinatorTest = (ends: CoordinatorEnds) => Promise<void>;

export interface Cannot {
  readonly reason: string;
  readonly needs: 'restart' | 'cut' | 'loseAnswerTo';
}

async function taken(coordinator: Coordinator, name: string, holder: string, ttlMs: number): Promise<LeaseGrant> {
  const grant = await coordinator.acquire(name, holder, ttlMs);
  assert.ok(grant !== null, `${holder} did not get ${name}`);
  assert.deepEqual([grant.name, grant.holder], [name, holder]);
  assert.ok(Number.isSafeInteger(grant.token) && grant.token > 0);
  return grant;
}

async function runOut({ there, ttlMs, pass }: CoordinatorEnds, name: string, meanwhile?: () => Promise<void>) {
  for (let waited = 0; (await there.holder(name)) !== null; waited += 1) {
    assert.ok(waited < 60, `the lease ${name} does not run out`);
    await meanwhile?.();
    await pass(ttlMs / 8);
  }
}

function heard(coordinator: Coordinator, name: string): { next: () => Promise<void>; end: () => void } {
  let wake = Promise.withResolvers<void>();
  const end = coordinator.watch(name, () => wake.resolve());
  return {
    next: async () => {
      await wake.promise;
      wake = Promise.withResolvers<void>();
    },
    end,
  };
}

const tests: Record<string, CoordinatorTest> = {
  'a lease that is free is taken, and others see by whom': async ({ here, there, ttlMs }) => {
    assert.equal(await there.holder('l'), null);
    const grant = await taken(here, 'l', 'a', ttlMs);
    assert.ok(grant.ttlMs >= ttlMs);
    assert.equal(await there.acquire('l', 'b', ttlMs), null);
    const held = await there.holder('l');
    assert.deepEqual([held?.holder, held?.token], ['a', grant.token]);
    assert.ok(held?.remainingMs === null || (held !== null && held.remainingMs > 0));
  },

  'leases of different names have nothing to do with each other': async ({ here, there, ttlMs }) => {
    await taken(here, 'l', 'a', ttlMs);
    await taken(there, 'm', 'b', ttlMs);
    assert.equal(await there.holder('n'), null);
  },

  'of two candidates at once exactly one wins, every time': async ({ here, there, ttlMs }) => {
    for (let round = 0; round < 20; round += 1) {
      const name = `l${round}`;
      const grants = await Promise.all([here.acquire(name, 'a', ttlMs), there.acquire(name, 'b', ttlMs)]);
      const won = grants.filter((grant) => grant !== null);
      assert.equal(won.length, 1, `round ${round}`);
      assert.equal((await here.holder(name))?.holder, won[0]?.holder);
    }
  },

  'tokens grow with every grant, whoever gets it': async ({ here, there, ttlMs }) => {
    const tokens: number[] = [];
    for (const [coordinator, holder] of [
      [here, 'a'],
      [there, 'b'],
      [there, 'b2'],
      [here, 'a2'],
    ] as const) {
      const grant = await taken(coordinator, 'l', holder, ttlMs);
      const again = await taken(coordinator, 'l', holder, ttlMs);
      tokens.push(grant.token, again.token);
      assert.equal(grant.origin, again.origin);
      await coordinator.release(again);
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
  },

  'a lease that was taken again by its own holder is renewed by the new grant only': async ({ here, ttlMs }) => {
    const first = await taken(here, 'l', 'a', ttlMs);
    const second = await taken(here, 'l', 'a', ttlMs);
    assert.equal(await here.renew(first), false);
    await here.release(first);
    assert.equal(await here.renew(second), true);
  },

  'renewing keeps a lease for longer than it was granted for': async (ends) => {
    const kept = await taken(ends.here, 'kept', 'a', ends.ttlMs);
    await taken(ends.here, 'idle', 'a', ends.ttlMs);
    await runOut(ends, 'idle', async () => assert.equal(await ends.here.renew(kept), true));
    assert.equal((await ends.there.holder('kept'))?.token, kept.token);
    assert.equal(await ends.there.acquire('kept', 'b', ends.ttlMs), null);
  },

  'a holder that does not renew loses the lease for good, also when nobody takes it': async (ends) => {
    const { here, there, ttlMs } = ends;
    const grant = await taken(here, 'l', 'a', ttlMs);
    await runOut(ends, 'l');
    assert.equal(await here.renew(grant), false);
    assert.equal(await there.holder('l'), null);
    const next = await taken(there, 'l', 'b', ttlMs);
    assert.ok(next.token > grant.token);
    assert.equal(await here.renew(grant), false);
    await here.release(grant);
    assert.equal((await here.holder('l'))?.holder, 'b');
  },

  'a lease that is released is free at once, and releasing twice harms nobody': async ({ here, there, ttlMs }) => {
    const grant = await taken(here, 'l', 'a', ttlMs);
    await here.release(grant);
    assert.equal(await there.holder('l'), null);
    assert.equal(await here.renew(grant), false);
    await taken(there, 'l', 'b', ttlMs);
    await here.release(grant);
    assert.equal((await there.holder('l'))?.holder, 'b');
  },

  'who watches is told when a lease is taken and when it is released': async ({ here, there, ttlMs }) => {
    const changes = heard(there, 'l');
    const holders = async (wanted: string | null) => {
      while (((await there.holder('l'))?.holder ?? null) !== wanted) await changes.next();
    };
    const grant = await taken(here, 'l', 'a', ttlMs);
    await holders('a');
    await here.release(grant);
    await holders(null);
    changes.end();
    changes.end();
  },

  'who has stopped watching is told no more': async ({ here, there, ttlMs }) => {
    const changes = heard(there, 'm');
    let calls = 0;
    const end = there.watch('l', () => {
      calls += 1;
    });
    end();
    const before = calls;
    await taken(here, 'l', 'a', ttlMs);
    const grant = await taken(here, 'm', 'a', ttlMs);
    while ((await there.holder('m')) === null) await changes.next();
    await here.release(grant);
    assert.equal(calls, before);
    changes.end();
  },

  'a probe is answered': async ({ here }) => {
    for (const member of await here.probe()) assert.equal(member.trouble, null);
  },
};

const testsWithFaults: Record<Cannot['needs'], Record<string, CoordinatorTest>> = {
  restart: {
    'tokens grow over restarts of the coordinator': async ({ here, there, ttlMs, restart }) => {
      const before = await taken(here, 'l', 'a', ttlMs);
      await here.release(before);
      await restart?.();
      const after = await taken(there, 'l', 'b', ttlMs);
      assert.ok(after.token > before.token, `${before.token} then ${after.token}`);
      assert.equal(after.origin, before.origin);
    },
    'who watched before a restart is told of changes after it, though perhaps not of the first': async (ends) => {
      const { here, there, ttlMs, restart } = ends;
      let told = false;
      const end = there.watch('l', () => {
        told = true;
      });
      await restart?.();
      told = false;
      for (let round = 0; !told; round += 1) {
        assert.ok(round < 1000, 'told nothing');
        const grant = await answered(() => here.acquire('l', 'a', ttlMs));
        if (grant !== null) await here.release(grant);
      }
      end();
    },
  },
  cut: {
    'broken connections are told as such, and opened again': async ({ here, there, ttlMs, cut }) => {
      const grant = await taken(here, 'l', 'a', ttlMs);
      for (let round = 0; round < 5; round += 1) {
        const answer = here.renew(grant).catch((error: unknown) => {
          assert.ok(error instanceof CoordinatorUnavailable, String(error));
          return null;
        });
        cut?.();
        assert.notEqual(await answer, false);
      }
      assert.equal((await there.holder('l'))?.holder, 'a');
      assert.equal(await answered(() => here.renew(grant)), true);
    },
  },
  loseAnswerTo: {
    'a lease whose grant was not answered is either got or free for the same holder': async (ends) => {
      const { here, there, ttlMs, loseAnswerTo } = ends;
      const cut = loseAnswerTo?.('who-is-cut-off');
      const grant = await here.acquire('l', 'who-is-cut-off', ttlMs).catch((error: unknown) => {
        assert.ok(error instanceof CoordinatorUnavailable, String(error));
        return null;
      });
      await cut;
      const held = await there.holder('l');
      if (grant !== null) {
        assert.deepEqual([held?.holder, held?.token], [grant.holder, grant.token]);
        assert.equal(await here.renew(grant), true);
      }
      const again = await answered(() => here.acquire('l', 'who-is-cut-off', ttlMs));
      assert.ok(again !== null && again.token > (held?.token ?? 0));
      assert.equal(await there.acquire('l', 'b', ttlMs), null);
      assert.equal(await here.renew(again), true);
    },
  },
};

/** What is still broken may say so a few times. */
async function answered<T>(call: () => Promise<T>): Promise<T> {
  for (let tried = 0; tried < 10; tried += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof CoordinatorUnavailable)) throw error;
    }
  }
  return call();
}

export function testCoordinator(
  name: string,
  open: () => Promise<CoordinatorEnds>,
  cannot: readonly Cannot[] = [],
): void {
  const run = (title: string, work: CoordinatorTest, skip: string | undefined): void => {
    test(title, skip === undefined ? {} : { skip }, async () => {
      const ends = await open();
      try {
        await work(ends);
      } finally {
        await ends.close();
      }
    });
  };
  describe(`coordinator on ${name}`, { timeout: 120_000 }, () => {
    for (const [title, work] of Object.entries(tests)) run(title, work, undefined);
    for (const needs of ['restart', 'cut', 'loseAnswerTo'] as const) {
      const reason = cannot.find((entry) => entry.needs === needs)?.reason;
      for (const [title, work] of Object.entries(testsWithFaults[needs])) run(title, work, reason);
    }
  });
}
