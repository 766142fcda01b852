// The comparison with peers in small: every measure runs on both stores of Tidewheel, and every peer does what a system under test must.
// Nothing here looks at how fast anything was: tests run on machines that are busy.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { measures } from '../bench/measures/all.ts';
import { drain } from '../bench/measures/drain.ts';
import { latency } from '../bench/measures/latency.ts';
import { steady } from '../bench/measures/steady.ts';
import { submit } from '../bench/measures/submit.ts';
import { inTurns } from '../bench/harness/turns.ts';
import { type MeasureContext } from '../bench/harness/measure.ts';
import { readSizes } from '../bench/harness/sizes.ts';
import { howToInstall, peersInstalled } from '../bench/peers/installed.ts';
import { peerSystems } from '../bench/peers/peers.ts';
import { Services } from '../bench/systems/services.ts';
import type { System } from '../bench/systems/system.ts';
import { tidewheel } from '../bench/systems/tidewheel.ts';
import { Program, repositoryRoot, scratch } from './support/tidewheel.ts';

const tiny = readSizes([
  'drain.runs=300',
  'steady.runs=300',
  'submit.runs=100',
  'submit.clients=4',
  'latency.runs=10',
  'fires.schedules=20',
  'fires.seconds=3',
  'fires.most=20',
  'herd.schedules=100',
  'herd.masters=2',
  'herd.aheadMs=3000',
  'backlog.ready=600',
  'backlog.delayed=300',
  'backlog.runs=200',
  'history.archived=500',
  'history.runs=200',
  'fleet.sessions=20',
  'fleet.masters=2',
  'fleet.seconds=1',
  'fleet.runs=200',
  'idle.schedules=100',
  'idle.workers=5',
  'idle.settleSeconds=0',
  'idle.seconds=2',
  'masters.most=2',
  'masters.runs=200',
  'start.archived=200',
]);

const services = await Services.start();
after(() => services.stop());

function contextOf(systems: readonly System[]): MeasureContext {
  return { services, sizes: tiny, systems };
}

const silent = { rounds: 1, warm: false, say: () => undefined };
const ours = [tidewheel('postgres'), tidewheel('sqlite')];

for (const measure of measures) {
  test(`the measure ${measure.name} gives all of its figures on Tidewheel`, { timeout: 300_000 }, async () => {
    const results = await inTurns(measure.contenders(contextOf(ours)), silent);
    assert.notEqual(results.size, 0);
    const known = measure.figures.map(({ name }) => name);
    for (const [contender, figures] of results) {
      for (const [figure, values] of figures) {
        assert.ok(known.includes(figure), `${contender} gives ${figure}`);
        assert.ok(values.every(Number.isFinite), `${contender}: ${figure} is ${values.join(', ')}`);
      }
    }
    const given = new Set([...results.values()].flatMap((figures) => [...figures.keys()]));
    assert.deepEqual([...given].toSorted(), known.toSorted());
    for (const goal of measure.goals) assert.ok(known.includes(goal.figure), `a goal for ${goal.figure}`);
  });
}

for (const system of peerSystems) {
  const skip = peersInstalled() ? false : `the peers are not installed: ${howToInstall}`;
  test(`${system.name} drains, keeps up, takes single jobs and tells latencies`, {
    skip,
    timeout: 300_000,
  }, async () => {
    for (const measure of [drain, steady, submit, latency]) {
      const results = await inTurns(measure.contenders(contextOf([system])), silent);
      const figures = [...(results.get(system.name)?.values() ?? [])].flat();
      assert.equal(figures.length, measure.figures.length);
      assert.ok(figures.every((value) => value > 0 && Number.isFinite(value)));
    }
  });
}

function bench(context: TestContext, args: readonly string[]): Program {
  const program = new Program(['--conditions=source', join(repositoryRoot, 'bench/main.ts'), ...args]);
  context.after(() => program.end('SIGKILL'));
  return program;
}

test('a report says on what it was made, what each system runs with, and which goals are reached', {
  timeout: 120_000,
}, async (context) => {
  const report = join(scratch(context), 'report.md');
  const systems = '--systems=tidewheel sqlite';
  const program = bench(context, [
    'drain',
    systems,
    '--rounds=2',
    '--no-warm',
    '--set=drain.runs=200',
    `--report=${report}`,
  ]);
  const { code } = await program.ended;
  assert.equal(code, 0, program.output);
  const text = readFileSync(report, 'utf8');
  assert.match(text, /\d+ cores .* 2 rounds in turns/);
  assert.match(text, /\| tidewheel sqlite \| one master, one worker/);
  assert.match(text, /\| drain: tidewheel sqlite ≥ 1\.5 × tidewheel postgres \| {2}\| not measured \|/);
});

test('growth draws a plot of each dimension and fits its exponent', { timeout: 120_000 }, async (context) => {
  const directory = scratch(context);
  const sizes = ['--set=growth.runs=100', '--steps=5,20', '--rounds=1', '--engines=sqlite'];
  const program = bench(context, ['growth', 'lanes', ...sizes, `--report=${join(directory, 'growth.md')}`]);
  await program.ended;
  assert.match(readFileSync(join(directory, 'growth.md'), 'utf8'), /Exponent \*\*-?\d+\.\d{3}\*\*/);
  assert.ok(existsSync(join(directory, 'growth-lanes.svg')), program.output);
});

test('an unknown word is answered with those that there are', async (context) => {
  const program = bench(context, ['drian']);
  const { code } = await program.ended;
  assert.equal(code, 2);
  assert.match(program.output, /no measure is called drian; there are drain, steady/);
});
