import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiClient } from './api-client.ts';
import { DefinitionKeeper } from './definition-keeper.ts';
import { type Answer, GroundTruth } from './ground-truth.ts';
import { drawJobs } from './job-plans.ts';
import { drawOptions } from './options.ts';
import { Random } from './random.ts';
import type { SimMaster } from './sim-master.ts';
import { SimProcess } from './sim-process.ts';
import { StoreClock } from './store-clock.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

/** A keeper whose pauses are all refused, because all schedules are finished; everything else is done. */
function setup() {
  const time = new VirtualTime(new Random(1), new Trace());
  const process = new SimProcess('client', time, new Random(2), 0, { rate: 1, wallSkewMs: 0 });
  process.start();
  const asked: string[] = [];
  const finished: Answer<never> = { kind: 'refused', code: 'CONFLICT', detail: 'the schedule is finished' };
  const client: Pick<ApiClient, 'process' | 'call'> = {
    process,
    call: (_to, what, _work, answer, over) => {
      asked.push(what);
      process.after(1, 'answer', () => {
        // What is answered is of no interest to the keeper.
        answer(what.startsWith('pause') ? finished : { kind: 'done', value: undefined as never });
        over?.();
      });
    },
  };
  const options = drawOptions(1);
  const truth = new GroundTruth();
  const keeper = new DefinitionKeeper({
    options,
    random: new Random(3),
    client: client as ApiClient,
    masters: [{} as SimMaster],
    truth,
    jobs: drawJobs(options, new Random(4)),
    clock: new StoreClock(options.epochMs),
    now: () => time.now,
  });
  return { time, asked, truth, keeper };
}

test('a schedule whose pause is refused because it is finished is not paused: what gives it times again lets it fire', async () => {
  const { time, asked, truth, keeper } = setup();
  keeper.applyAll();
  keeper.beginChanging();
  await time.run(3_600_000);
  const isPaused = (name: string, sentAt: number) =>
    truth.changes.some((one) => one.sentAt === sentAt && one.answer.kind === 'refused' && one.subjects.includes(name));
  const eras = [...truth.eras].flatMap(([name, all]) => all.map((era) => ({ name: name.split(' ')[1] ?? '', ...era })));
  const pauses = eras.filter(({ enabled }) => !enabled);
  assert.ok(pauses.length > 10 && eras.length > pauses.length + 10);
  for (const { name, sentAt } of pauses) assert.ok(isPaused(name, sentAt), `${name} at ${sentAt}`);
  assert.deepEqual(
    asked.filter((what) => what.startsWith('resume')),
    [],
  );
});

test('a pause of everything comes to an end although all schedules are finished', async () => {
  const { time, asked, keeper } = setup();
  keeper.pauseAll();
  await time.run(60_000);
  assert.equal(asked.length, keeper.plans.flatMap(({ schedules }) => schedules).length);
  assert.ok(keeper.idle);
});
