// Masters that are killed, stopped, frozen and restarted under load. None is special for firing, so none may be missed.

import type { MasterSeat } from '../faulty-cluster.ts';
import { pause } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';

const oneSecond = 1000;

function seat(stage: Stage, index: number): MasterSeat {
  const found = stage.cluster.masters[index];
  if (found === undefined) throw new Error(`there is no master ${index + 1}`);
  return found;
}

const quiet: Scenario = {
  id: '0',
  title: 'nothing fails',
  expects: 'the base line: what the same machine measures without a fault',
  play: () => pause(3000),
  criteria: (measures) => [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: oneSecond },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'fires', measured: measures.fires, atLeast: 300 },
  ],
};

const killed: Scenario = {
  id: '1',
  title: 'each master is killed (kill -9), one after another',
  expects: 'the others fire on; workers resume elsewhere; nothing that runs is executed again',
  play: async (stage) => {
    for (const index of [0, 1, 2]) {
      const master = seat(stage, index);
      stage.mark(`kill -9 of ${master.name}`);
      await master.running.end('SIGKILL');
      await pause(3000);
      await master.start();
      stage.mark(`${master.name} is back`);
      await pause(1500);
    }
  },
  criteria: (measures) => [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: oneSecond },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

const terminated: Scenario = {
  id: '2',
  title: 'a master is asked to stop (SIGTERM), then the next',
  expects: 'it hands over and leaves; no attempt is lost',
  play: async (stage) => {
    for (const index of [0, 1]) {
      const master = seat(stage, index);
      const at = stage.mark(`SIGTERM to ${master.name}`);
      const { code } = await master.running.end('SIGTERM');
      stage.note(`${master.name} left after, ms`, Date.now() - at);
      stage.note(`${master.name} exit code`, code ?? -1);
      await pause(2000);
      await master.start();
    }
  },
  criteria: (measures, _, noted) => [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: oneSecond },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    ...[...noted].map(([name, measured]) => ({ name, measured, atMost: name.includes('code') ? 0 : 5000 })),
  ],
};

/** A frozen master may hold row locks until the store ends its idle transaction. */
const idleInTransactionMs = 10_000;

function frozen(id: string, seconds: number): Scenario {
  return {
    id,
    title: `a master is frozen (SIGSTOP) for ${seconds} s and goes on`,
    expects: 'the others do its work; what it believed is checked by the store when it wakes',
    play: async (stage) => {
      const master = seat(stage, 0);
      stage.mark(`SIGSTOP to ${master.name}`);
      master.running.signal('SIGSTOP');
      await pause(seconds * 1000);
      master.running.signal('SIGCONT');
      stage.mark(`SIGCONT to ${master.name}`);
      await pause(5000);
    },
    criteria: (measures) => [
      {
        name: 'delay of any fire, ms',
        measured: measures.fireDelayMs.max,
        atMost: Math.min(seconds * 1000, idleInTransactionMs) + oneSecond,
      },
      // Only what it had locked in that moment waits for it.
      { name: 'moments whose fires came over a second late', measured: measures.lateTimes, atMost: 1 },
      { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

const twoOfThree: Scenario = {
  id: '9',
  title: 'two of three masters are killed at once',
  expects: 'the third fires everything and takes all workers',
  play: async (stage) => {
    stage.mark('kill -9 of m1 and m2');
    await Promise.all([seat(stage, 0).running.end('SIGKILL'), seat(stage, 1).running.end('SIGKILL')]);
    await pause(8000);
    await seat(stage, 0).start();
    await seat(stage, 1).start();
    stage.mark('both are back');
  },
  criteria: (measures) => [
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: oneSecond },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
    { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
  ],
};

function rolling(rounds: number): Scenario {
  return {
    id: '10',
    title: `rolling restart of all masters under load, ${rounds} times`,
    expects: 'misses nothing, delays no fire by more than a second, loses no attempt',
    play: async (stage) => {
      for (let round = 1; round <= rounds; round += 1) {
        for (const master of stage.cluster.masters) {
          await master.running.end('SIGTERM');
          await master.start();
          await pause(1000);
        }
        stage.mark(`round ${round} is done`);
      }
    },
    criteria: (measures) => [
      { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: oneSecond },
      { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
      { name: 'physical overlap, ms', measured: measures.overlapMs, atMost: 0 },
    ],
  };
}

export const masterScenarios: readonly Scenario[] = [
  quiet,
  killed,
  terminated,
  frozen('3', 3),
  frozen('4', 30),
  twoOfThree,
  rolling(3),
];
