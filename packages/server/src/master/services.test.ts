// One stress test for every service of a master: start and stop in any order, twice, at once; silence after the stop.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backfilling } from './backfilling.ts';
import { Changes } from './changes.ts';
import { Dispatcher } from './dispatcher.ts';
import { Firing } from './firing.ts';
import { SessionGateway } from './gateway.ts';
import { Elector } from './elector.ts';
import { fireWatch } from './fire-watch.ts';
import { housekeeping } from './housekeeping.ts';
import { RunIntake } from './intake.ts';
import { LeaderDuties } from './leader-duties.ts';
import { Master } from './master.ts';
import { Membership } from './membership.ts';
import { PauseWatch } from './pause-watch.ts';
import { Renewals } from './renewals.ts';
import { Reports } from './reports.ts';
import type { Service } from './service.ts';
import { SpaceWatch } from './space-watch.ts';
import { Station } from './station.ts';
import { StoreChange } from './store-change.ts';
import { Sweeping } from './sweeping.ts';
import { UserLocks } from './user-locks.ts';
import { openBench, type Bench } from './testing/bench-context.ts';

const services: Record<string, (bench: Bench) => Service> = {
  membership: ({ context }) => new Membership(context),
  dispatcher: ({ context }) => new Dispatcher(context, changesOf(context)),
  gateway: ({ context }) =>
    new SessionGateway(context, new Dispatcher(context, changesOf(context)), changesOf(context), () => []),
  renewals: ({ context }) => new Renewals(context, new Dispatcher(context, changesOf(context)), () => undefined),
  reports: ({ context }) =>
    new Reports(context, changesOf(context), { logsStored: () => undefined, settled: () => undefined }),
  intake: ({ context }) =>
    new RunIntake(context, new Dispatcher(context, changesOf(context)), changesOf(context), new SpaceWatch(context)),
  'space watch': ({ context }) => new SpaceWatch(context),
  'pause watch': ({ context }) => pausesOf(context),
  'store change': ({ context }) => changeOf(context),
  sweeping: ({ context }) => new Sweeping(context, changesOf(context), pausesOf(context), changeOf(context)),
  locks: ({ context }) => new UserLocks(context, changesOf(context)),
  station: ({ context }) =>
    new Station(context, { count: () => 0, links: () => [], move: () => undefined, stepDown: async () => false }),
  elector: ({ context }) => new Elector(context),
  'leader duties': ({ context }) => leading(context),
  firing: ({ context }) => new Firing(context, new Dispatcher(context, changesOf(context)), changesOf(context)),
  backfilling: ({ context }) => new Backfilling(context, changesOf(context), new SpaceWatch(context)),
};

/** An elector with its duties, which run only while it leads. */
function leading(context: Bench['context']): Service {
  const elector = new Elector(context);
  const duties = new LeaderDuties(context, elector, [housekeeping(context.settings), fireWatch(context)]);
  return {
    start: async () => {
      await duties.start();
      await elector.start();
    },
    stop: async () => {
      await elector.stop();
      await duties.stop();
    },
  };
}

function pausesOf(context: Bench['context']): PauseWatch {
  return new PauseWatch(context, new Dispatcher(context, changesOf(context)));
}

function changeOf(context: Bench['context']): StoreChange {
  return new StoreChange(context, new Dispatcher(context, changesOf(context)), () => Promise.resolve());
}

function changesOf(context: Bench['context']): Changes {
  return new Changes(context.clock, context.signals);
}

for (const [name, make] of Object.entries(services)) {
  test(`${name} starts and stops in any order, and is silent afterwards`, async () => {
    const bench = await openBench();
    const unstarted = make(bench);
    await unstarted.stop();
    await unstarted.start();
    await unstarted.stop();
    for (let round = 0; round < 20; round += 1) {
      const service = make(bench);
      const starts = [service.start(), service.start()];
      if (round % 2 === 0) await Promise.all(starts);
      if (round % 3 === 0) await bench.clock.advance(round * 700);
      await Promise.all([...starts, service.stop(), service.stop()]);
      await service.stop();
    }
    await bench.clock.settle();
    const before = bench.statements();
    bench.context.signals.publish('ready', { lanes: ['a'] });
    bench.context.signals.publish('schedules', null);
    bench.context.signals.publish('scheduled', null);
    bench.context.signals.publish('cancel', { sessions: ['s'] });
    await bench.clock.advance(60_000);
    assert.equal(bench.statements(), before);
    assert.deepEqual(bench.fatal, []);
    await bench.close();
  });
}

test('an idle master that leads asks the store at most twice a second', async () => {
  const bench = await openBench();
  const master = new Master(bench.context);
  await master.start();
  await bench.clock.advance(10_000);
  const before = bench.queries();
  await bench.clock.advance(60_000);
  const perSecond = (bench.queries() - before) / 60;
  assert.ok(master.elector.view.term !== null);

  assert.ok(perSecond <= 2, `${perSecond} a second`);
  await master.stop();
  await bench.close();
});
