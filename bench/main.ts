// `npm run bench -- [measure…] [--rounds N] [--report FILE]`: Tidewheel and its peers on this machine, in turns. `growth` plots what a run
// costs as things grow, `guard` compares with an earlier commit; docs/guide/bench.md tells how to read them.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { growth } from './growth.ts';
import { guard } from './guard.ts';
import { sectionOf } from './harness/comparison.ts';
import { isBusy, machineText, versionsText } from './harness/machine.ts';
import type { Measure } from './harness/measure.ts';
import { readSizes } from './harness/sizes.ts';
import { inTurns } from './harness/turns.ts';
import { Usage } from './harness/usage.ts';
import { measures } from './measures/all.ts';
import { peersInstalled, howToInstall } from './peers/installed.ts';
import { peerSystems } from './peers/peers.ts';
import { type Engine, Services } from './systems/services.ts';
import { NotInstalled, type System } from './systems/system.ts';
import { tidewheel } from './systems/tidewheel.ts';

const defaultRounds = '5';
/** Of the guard: long enough that the programs run warm, short enough for every change. */
const shortSizes = ['drain.runs=30000', 'steady.runs=15000', 'submit.runs=10000', 'latency.runs=500'];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: defaultRounds },
      report: { type: 'string' },
      systems: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      warm: { type: 'boolean', default: true },
      base: { type: 'string' },
      steps: { type: 'string' },
      engines: { type: 'string', default: 'postgres' },
    },
    allowNegative: true,
  });
  const [word, ...more] = positionals;
  const short = word === 'guard' ? shortSizes : [];
  const sizes = readSizes([...short, ...values.set]);
  const options = { rounds: Number(values.rounds), sizes, report: values.report };
  const engines = values.engines.split(',').map(engineNamed);
  if (isBusy()) console.log('This machine is busy with something else: the figures below are no good for comparing.');
  if (word === 'guard') return guard({ ...options, engines, base: values.base });
  if (word === 'growth') return growth(more, { ...options, engine: engines[0] ?? 'postgres', steps: values.steps });
  const systems = chosenSystems(values.systems?.split(','));
  return compare(chosenMeasures(positionals), systems, { ...options, warm: values.warm });
}

function engineNamed(name: string): Engine {
  if (name === 'postgres' || name === 'sqlite') return name;
  throw new Usage(`--engines takes postgres and sqlite, not ${name}`);
}

function chosenMeasures(names: readonly string[]): readonly Measure[] {
  const unknown = names.find((name) => !measures.some((measure) => measure.name === name));
  if (unknown !== undefined) {
    throw new Usage(`no measure is called ${unknown}; there are ${measures.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? measures : measures.filter(({ name }) => names.includes(name));
}

/** Those asked for; else all that can run here. */
function chosenSystems(names: readonly string[] | undefined): readonly System[] {
  const all = [tidewheel('postgres'), tidewheel('sqlite'), ...peerSystems];
  const unknown = names?.find((name) => !all.some((system) => system.name === name));
  if (unknown !== undefined) {
    throw new Usage(`no system is called ${unknown}; there are ${all.map(({ name }) => name).join(', ')}`);
  }
  if (names !== undefined) return names.flatMap((name) => all.filter((system) => system.name === name));
  if (peersInstalled()) return all;
  console.log(`Without peers: ${howToInstall}.`);
  return all.filter((system) => !peerSystems.includes(system));
}

interface CompareOptions {
  readonly rounds: number;
  readonly warm: boolean;
  readonly sizes: ReturnType<typeof readSizes>;
  readonly report: string | undefined;
}

async function compare(
  chosen: readonly Measure[],
  systems: readonly System[],
  options: CompareOptions,
): Promise<number> {
  const { rounds, warm, sizes } = options;
  const machine = machineText();
  const services = await Services.start();
  const sections: string[] = [];
  try {
    for (const measure of chosen) {
      console.log(measure.name);
      const contenders = measure.contenders({ services, sizes, systems });
      const results = await inTurns(contenders, { rounds, warm, say: (text) => console.log(`  ${text}`) });
      const section = sectionOf(measure, results);
      console.log(`\n${section}`);
      sections.push(section);
    }
    const versions = await versionsText(services, systems);
    const head = headOf(machine, versions, systems, rounds);
    if (options.report !== undefined) writeFileSync(options.report, `${head}\n${sections.join('\n')}`);
  } finally {
    await services.stop();
  }
  return 0;
}

function headOf(machine: string, versions: readonly string[], systems: readonly System[], rounds: number): string {
  return [
    '# Tidewheel and its peers',
    '',
    `${machine}. Everything runs on this one machine: masters, workers, stores and the benchmark itself. ${rounds} rounds in turns; ratios are of the same round.`,
    '',
    ...versions.map((line) => `- ${line}`),
    '',
    '| system | runs with | does not do what Tidewheel does |',
    '| --- | --- | --- |',
    ...systems.map(({ name, settings, skips }) => `| ${name} | ${settings} | ${skips ?? ''} |`),
    '',
  ].join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Usage || error instanceof NotInstalled)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
