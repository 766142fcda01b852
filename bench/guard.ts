// `npm run bench -- guard [--base REF]`: is this slower than the commit it began from? Both versions run on this machine in turns, each as
// its own program with its own SDK (the base unpacked from git), in a short form of the measures that the hot path decides. A loss counts
// when it is over a tenth beyond what repetition alone changes in the same run.

import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { unpackVersion } from '../test/support/other-version.ts';
import { repositoryRoot } from '../test/support/tidewheel.ts';
import type { Measure } from './harness/measure.ts';
import type { Sizes } from './harness/sizes.ts';
import { noiseOf, quantile, ratiosOf } from './harness/statistics.ts';
import { inTurns, type Rounds } from './harness/turns.ts';
import { drain } from './measures/drain.ts';
import { latency } from './measures/latency.ts';
import { steady } from './measures/steady.ts';
import { submit } from './measures/submit.ts';
import { thisVersion } from './systems/cluster.ts';
import { type Engine, Services } from './systems/services.ts';
import { tidewheel } from './systems/tidewheel.ts';

export interface GuardOptions {
  readonly base: string | undefined;
  readonly rounds: number;
  readonly sizes: Sizes;
  readonly engines: readonly Engine[];
}

/** A loss over this, beyond the noise. */
const tolerated = 0.1;

export interface Finding {
  readonly measure: string;
  readonly figure: string;
  /** How many times better this version is, by the medians of ratios of the same round. */
  readonly ratio: number;
  readonly noise: number;
  readonly lost: boolean;
}

export async function guard({ base, rounds, sizes, engines }: GuardOptions): Promise<number> {
  const commit = baseCommit(base);
  if (commit === null) {
    console.log('There is no commit to compare with: this clone has no history (git fetch --unshallow brings it).');
    return 1;
  }
  const before = unpackVersion(commit);
  // The tasks that are measured, beside its own SDK.
  for (const part of ['load', 'wall-clock.ts']) {
    cpSync(join(repositoryRoot, 'bench', part), join(before.root, 'bench', part), { recursive: true });
  }
  const services = await Services.start();
  const findings: Finding[] = [];
  console.log(`This version and ${commit.slice(0, 12)}, ${rounds} rounds in turns.`);
  try {
    for (const engine of engines) {
      const systems = [tidewheel(engine, thisVersion, 'now'), tidewheel(engine, before, 'before')];
      for (const measure of [drain, steady, submit, latency]) {
        console.log(`${measure.name} on ${engine}`);
        const contenders = measure.contenders({ services, sizes, systems });
        const results = await inTurns(contenders, { rounds, warm: true, say: (text) => console.log(`  ${text}`) });
        findings.push(...judge(measure, engine, results));
      }
    }
  } finally {
    await services.stop();
    await before.remove();
  }
  for (const { measure, figure, ratio, noise, lost } of findings) {
    const text = `${measure} ${figure}: ${ratio.toFixed(2)} × as good as before, noise ${(noise * 100).toFixed(0)} %`;
    console.log(`${lost ? 'LOST' : 'ok  '} ${text}`);
  }
  return findings.some(({ lost }) => lost) ? 1 : 0;
}

export function judge(measure: Measure, engine: Engine, results: ReadonlyMap<string, Rounds>): Finding[] {
  return measure.figures.flatMap(({ name, better }) => {
    const [now, before] = ['now', 'before'].map((version) => results.get(version)?.get(name));
    if (now === undefined || before === undefined) return [];
    const ratios = ratiosOf(now, before, better);
    const ratio = quantile(ratios, 0.5);
    const noise = noiseOf(ratios);
    return [
      { measure: `${measure.name} on ${engine}`, figure: name, ratio, noise, lost: 1 - ratio > tolerated + noise },
    ];
  });
}

/** Where this branch left the main one; on the main one itself, the commit before the last. Uncommitted changes count as this version. */
function baseCommit(base: string | undefined): string | null {
  if (base !== undefined) return git('rev-parse', '--verify', `${base}^{commit}`);
  const head = git('rev-parse', 'HEAD');
  for (const main of ['origin/HEAD', 'origin/main', 'main']) {
    const fork = git('merge-base', 'HEAD', main);
    if (fork !== null && fork !== head) return fork;
  }
  return git('rev-parse', '--verify', 'HEAD^');
}

function git(...args: string[]): string | null {
  try {
    return execFileSync('git', args, {
      cwd: repositoryRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
