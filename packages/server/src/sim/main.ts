// `npm run sim`: one seed, a range of seeds, new seeds for some minutes, or the mutations. Exits 1 when something was found.

import { argv, stderr, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import { failpoints } from '../ports/failpoints.ts';
import { type Explored, explore, rangeOf } from './command/explore.ts';
import { runMutations } from './command/mutate.ts';
import { reportText, reproduce } from './command/report.ts';
import { simulate, type Verdict } from './simulator.ts';
import { formatAt } from './trace.ts';

const usage = `usage: npm run sim -- …
  --seed N [--trace]    one seed: its mix, what happened, the verdict, the hash; with every event
  --seeds A..B          a range of seeds, up to the first that finds something
  --minutes M           new seeds for M minutes, up to the first that finds something
  --twice               each seed twice, comparing the hashes (with --seed, --seeds, --minutes)
  --json                one line of JSON per seed instead of words (with --seeds)
  --mutations [NAME]    puts known bugs into a copy of the sources and shows which seed finds each
`;

class Misused extends Error {}

async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      mutations: { type: 'boolean' },
      trace: { type: 'boolean', default: false },
      twice: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.seed !== undefined) return oneSeed(numberOf(values.seed), values.trace, values.twice);
  if (values.seeds !== undefined) return range(values.seeds, values.twice, values.json);
  if (values.minutes !== undefined) return minutes(numberOf(values.minutes), values.twice);
  if (values.mutations === true)
    return runMutations(
      words.filter((word) => !word.startsWith('-')),
      say,
    );
  stderr.write(usage);
  return 2;
}

async function oneSeed(seed: number, trace: boolean, twice: boolean): Promise<number> {
  const startedAt = systemClock.monotonicMs();
  const verdict = await simulate(seed, trace ? (line) => say(`${line}\n`) : null);
  const elapsedMs = systemClock.monotonicMs() - startedAt;
  say(reportText(verdict, elapsedMs));
  if (!twice) return verdict.findings.length === 0 ? 0 : 1;
  const again = await simulate(seed);
  say(`  ${'again'.padEnd(10)}${again.hash}${again.hash === verdict.hash ? '' : ', which DIFFERS'}\n`);
  return verdict.findings.length === 0 && again.hash === verdict.hash ? 0 : 1;
}

async function range(text: string, twice: boolean, json: boolean): Promise<number> {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) throw new Misused(`--seeds takes A..B, not "${text}"`);
  const onVerdict = (verdict: Verdict): void => say(json ? `${JSON.stringify(verdict)}\n` : lineOf(verdict));
  const explored = await explore({ next: rangeOf(Number(first), Number(last)), twice, clock: systemClock, onVerdict });
  return json ? codeOf(explored) : conclude(explored);
}

async function minutes(count: number, twice: boolean): Promise<number> {
  const endsAt = systemClock.monotonicMs() + count * 60_000;
  const next = (): number | null =>
    systemClock.monotonicMs() < endsAt ? Number.parseInt(systemIdentity.random().slice(0, 8), 16) : null;
  return conclude(await explore({ next, twice, clock: systemClock }));
}

function conclude(explored: Explored): number {
  const { failed, seeds, virtualMs, elapsedMs } = explored;
  const perMinute = Math.round((seeds / elapsedMs) * 60_000);
  if (failed !== null) say(`${reportText(failed, 0)}\n  see it:   ${reproduce(failed.options.seed)}\n\n`);
  say(
    `${seeds} seeds, ${(virtualMs / 3_600_000).toFixed(1)} simulated hours in ${Math.round(elapsedMs / 1000)} s (${perMinute} seeds a minute)`,
  );
  const unseen = failpoints.filter((name) => !explored.crashedAt.has(name));
  if (seeds >= 20 && unseen.length > 0) say(`; no master crashed at ${unseen.join(', ')}`);
  say(failed === null ? ': every promise was kept\n' : `: seed ${failed.options.seed} found something\n`);
  return codeOf(explored);
}

function codeOf({ failed }: Explored): number {
  return failed === null ? 0 : 1;
}

function lineOf(verdict: Verdict): string {
  const { options, hash, findings, virtualMs, events } = verdict;
  const words = findings.length === 0 ? 'kept' : `${findings.length} findings`;
  return `${String(options.seed).padStart(10)}  ${hash}  ${formatAt(virtualMs)}  ${String(events).padStart(8)} events  ${words}\n`;
}

function numberOf(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Misused(`not a number: ${text}`);
  return value;
}

function say(text: string): void {
  stdout.write(text);
}

process.exitCode = await main(argv.slice(2)).catch((error: unknown) => {
  const unknownOption =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof Error) || !(unknownOption || error instanceof Misused)) throw error;
  stderr.write(`${error.message}\n\n${usage}`);
  return 2;
});
