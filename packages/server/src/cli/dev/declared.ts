// The jobs that `dev` was told to run, from files and crontabs, read before anything is started so that a fault in them
// is the first thing a person sees, and applied under a source of their own so that what is taken out of a file goes away.

import { type ApplyResult, applyRequestSchema, type JobInput } from '@tidewheel/protocol';
import type { Master } from '../../master/master.ts';
import { loadCrontab } from '../crontab-file.ts';
import type { Manifest } from '../manifest.ts';
import { placing } from '../manifest-commands.ts';
import { loadManifest } from '../manifest-files.ts';
import type { Terminal } from '../terminal.ts';
import type { DevOptions } from './dev-options.ts';

export interface Declared {
  readonly manifest: Manifest;
  readonly crontabJobs: readonly JobInput[];
  readonly notes: readonly string[];
}

export const devNamespace = 'default';
const devActor = 'dev';

export async function readDeclared(options: DevOptions, terminal: Terminal): Promise<Declared> {
  const manifest = await loadManifest(options.jobs, terminal);
  const crontabJobs: JobInput[] = [];
  const notes: string[] = [];
  for (const path of options.crontab) {
    const crontab = await loadCrontab(path, { system: 'auto', timezone: undefined }, terminal);
    crontabJobs.push(...crontab.jobs);
    notes.push(...crontab.notes.map((note) => `${path}:${note.line}  ${note.text}`));
  }
  return { manifest, crontabJobs, notes };
}

/** Without --jobs nothing is pruned: whoever applied jobs by hand keeps them. */
export async function applyDeclared(master: Master, options: DevOptions, declared: Declared): Promise<ApplyResult[]> {
  // Named on the command line just now: what the same person applied by hand yesterday is not in the way.
  const order = { prune: true, takeOver: true };
  const apply = (source: string, declares: Omit<Manifest, 'place'>): Promise<ApplyResult> => {
    const { jobs, calendars, pools } = declares;
    const request = applyRequestSchema.parse({ jobs, calendars, pools, source, ...order });
    return master.definitions.apply(devNamespace, devActor, request, { role: 'admin' });
  };
  const results: ApplyResult[] = [];
  if (options.jobs.length > 0) {
    results.push(await placing(declared.manifest, () => apply('dev-jobs', declared.manifest)));
  }
  if (options.crontab.length > 0)
    results.push(await apply('dev-crontab', { jobs: declared.crontabJobs, calendars: [], pools: [] }));
  return results;
}
