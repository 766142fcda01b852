// `node --conditions=source bench/fleet-elastic.ts [--rounds N] [--report FILE]`: what scaling by policy brings, in virtual time. Three questions:
// does the calendar help at a peak, what does an elastic fleet cost beside a fixed one, and how long does one decision take.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatDuration, type PoolDefinition } from '@tidewheel/protocol';
import { decideScaling } from '../packages/server/src/core/scaling/decide.ts';
import { simulatePool } from '../packages/server/src/core/scaling/simulate.ts';
import { slotsForStream } from '../packages/server/src/core/scaling/staffing.ts';
import { fleetDay, midnightCalendar, start } from '../packages/server/src/core/scaling/testing/calendars.ts';
import { largePool, pool } from '../packages/server/src/core/scaling/testing/loads.ts';
import { type WaitFigures, waitFigures } from '../packages/server/src/core/scaling/what-if.ts';
import { machineText } from './harness/machine.ts';
import { quantile } from './harness/statistics.ts';

const hourMs = 3_600_000;
const startupMs = 60_000;
const number = (value: number, places = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places });
const wait = (ms: number) => formatDuration(Math.round(ms / 100) * 100);

function main(): void {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' }, report: { type: 'string' } } });
  const sections = [
    head(),
    calendar(
      'A calendar with a peak at midnight',
      false,
      'ten runs every minute and one caller of the API a second beside it',
    ),
    calendar(
      'The same with peaks every hour and every five minutes',
      true,
      'also 100 runs every hour and 20 every five minutes',
    ),
    fleet(),
    decision(Number(values.rounds)),
  ];
  const text = `${sections.join('\n\n')}\n`;
  console.log(text);
  if (values.report !== undefined) writeFileSync(values.report, text);
}

function head(): string {
  return [
    '# An elastic fleet in virtual time',
    '',
    'Written by `node --conditions=source bench/fleet-elastic.ts --report docs/proof/elastic-simulation.md`. The policy is the one that masters decide by',
    '(`core/scaling/`), the loads are drawn from fixed seeds (`core/scaling/testing/calendars.ts`), time is virtual (`core/scaling/simulate.ts`): the',
    'figures of waiting and cost are the same on every machine. A worker has 8 slots, takes 60 s to start, and is paid for from its order to its release.',
    `Times of computing: ${machineText()}.`,
  ].join('\n');
}

function calendar(title: string, withHours: boolean, beside: string): string {
  const { work, to, peak } = midnightCalendar(withHours);
  const [ahead, blind] = [true, false].map((enabled) => {
    const definition = pool({ policy: { forecast: { enabled } } });
    const { waitsMs, machineMs, most, turns } = simulatePool({ definition, work, from: start, to, startupMs });
    return {
      peak: waitFigures(
        waitsMs.filter((_, run) => peak[run] === 1),
        definition.policy.wait,
      ),
      all: waitFigures(waitsMs, definition.policy.wait),
      hours: machineMs / hourMs,
      most,
      turns,
    };
  });
  if (ahead === undefined || blind === undefined) throw new Error('both were simulated');
  const row = (name: string, { peak: of, all, hours, most, turns }: typeof ahead) =>
    `| ${name} | ${waits(of)} | ${number(all.held * 100, 1)} % | ${number(hours, 1)} | ${most} | ${turns} |`;
  return [
    `## ${title}`,
    '',
    `2,000 runs of 200 jobs at 00:00, between 3 s and a minute long; ${beside}: ${number(work.at.length)} runs in two days and a half.`,
    'The objective: 95 % begin within 10 s. The same policy, with and without the calendar:',
    '',
    '| | mean wait at the peak | p50 | p95 | p99 | max | all runs in time | worker hours | most workers | turns |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    row('with forecast', ahead),
    row('without', blind),
    '',
    `At the peak the p95 is **${number(blind.peak.p95Ms / ahead.peak.p95Ms, 1)} times** better, at **${number((ahead.hours / blind.hours - 1) * 100, 1)} %** more worker hours.`,
  ].join('\n');
}

function waits({ meanMs, p50Ms, p95Ms, p99Ms, maxMs }: WaitFigures): string {
  return [meanMs, p50Ms, p95Ms, p99Ms, maxMs].map(wait).join(' | ');
}

function fleet(): string {
  const { work, to, peakOffered, runMs } = fleetDay();
  const elastic = pool({ max: 5000 });
  const { wait: waitMs, share } = elastic.policy;
  const fewest = Math.ceil(slotsForStream({ offered: peakOffered, runMs }, waitMs, share) / elastic.slots);
  const planned = Math.ceil(peakOffered / elastic.policy.utilisation / elastic.slots);
  const simulated = (definition: PoolDefinition, workers: number) => {
    const begun = performance.now();
    const simulation = simulatePool({ definition, work, from: start, to, startupMs, periodMs: 5000, workers });
    return { ...simulation, tookMs: performance.now() - begun, waits: waitFigures(simulation.waitsMs, waitMs) };
  };
  const fixed = (workers: number) => simulated(pool({ min: workers, max: workers }), workers);
  const rows = [
    { name: 'elastic', ...simulated(elastic, 500) },
    { name: `fixed, the fewest that hold it at the peak (${number(fewest)})`, ...fixed(fewest) },
    { name: `fixed, with the same room at the peak (${number(planned)})`, ...fixed(planned) },
  ];
  const [own, ...others] = rows;
  if (own === undefined) throw new Error('it was simulated');
  const saved = others.map(({ machineMs }) => `${number((1 - own.machineMs / machineMs) * 100, 0)} %`);
  return [
    '## A fleet of up to 5,000 workers, a million runs a day, a tenfold peak',
    '',
    `${number(work.at.length)} runs of ${formatDuration(runMs)} on average; for two hours ten times as many as at night, half an hour to get there and back, and nothing of`,
    `it in any calendar: ${number(peakOffered)} slots are busy at the peak. A decision every 5 s.`,
    '',
    '| fleet | mean wait | p50 | p95 | p99 | max | in time | worker hours | most workers | turns | computed in |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map(
      (row) =>
        `| ${row.name} | ${waits(row.waits)} | ${number(row.waits.held * 100, 1)} % | ${number(row.machineMs / hourMs)} | ${number(row.most)} | ${row.turns} | ${number(row.tookMs / 1000, 1)} s |`,
    ),
    '',
    `The elastic fleet costs **${saved.join(' and ')}** less than the fixed ones.`,
  ].join('\n');
}

function decision(rounds: number): string {
  const given = largePool();
  const { lanes, workers } = given.signals;
  let gone = 0;
  const cpu = process.cpuUsage();
  const tookMs = Array.from({ length: rounds }, () => {
    const begun = performance.now();
    gone = decideScaling([given])[0]?.drain.length ?? 0;
    return performance.now() - begun;
  });
  const { user, system } = process.cpuUsage(cpu);
  const at = (share: number) => number(quantile(tookMs, share), 1);
  return [
    '## One decision',
    '',
    `${number(lanes.length)} lanes, each with a forecast, and ${number(workers.length)} workers in one pool, of which ${number(gone)} are to go; ${rounds} rounds: median ${at(0.5)} ms, 90 % below ${at(0.9)} ms, 99 % below ${at(0.99)} ms,`,
    `the slowest ${at(1)} ms by the clock, ${number((user + system) / 1000 / rounds, 1)} ms of processor time each. Asked for are less than 50 ms.`,
  ].join('\n');
}

main();
