// How large each measure is. The values are those at which the targets are stated; `--set drain.runs=2000` makes one smaller.

import { Usage } from './usage.ts';

export const fullSizes = {
  'drain.runs': 100_000,
  'steady.runs': 50_000,
  'steady.batch': 100,
  /** Batches on their way at once: enough that the systems and not the caller are what limits. */
  'steady.callers': 8,
  'submit.runs': 50_000,
  'submit.clients': 64,
  'latency.runs': 2000,
  'latency.everyMs': 10,
  'fires.schedules': 2000,
  'fires.seconds': 300,
  /** Of each step on the way to the breaking point, and the most schedules that are tried. */
  'fires.stepSeconds': 20,
  'fires.most': 64_000,
  'herd.schedules': 10_000,
  'herd.masters': 3,
  /** From the declarations to the herd; a millisecond more for each schedule. */
  'herd.aheadMs': 10_000,
  'backlog.ready': 1_000_000,
  'backlog.delayed': 1_000_000,
  /** Runs that are drained: of the small backlog all, of the large one the first. */
  'backlog.runs': 50_000,
  'history.archived': 10_000_000,
  'history.runs': 50_000,
  'fleet.sessions': 5000,
  'fleet.masters': 3,
  'fleet.seconds': 60,
  'fleet.runs': 50_000,
  'idle.schedules': 10_000,
  'idle.workers': 100,
  'idle.masters': 1,
  /** Everything that looks once a minute has looked. */
  'idle.settleSeconds': 75,
  'idle.seconds': 60,
  'masters.most': 3,
  'masters.runs': 100_000,
  'start.archived': 1_000_000,
  /** Runs whose cost is measured at each step of `growth`. */
  'growth.runs': 20_000,
} as const;

export type SizeName = keyof typeof fullSizes;
export type Sizes = Readonly<Record<SizeName, number>>;

/** `name=value` each. */
export function readSizes(settings: readonly string[]): Sizes {
  const sizes: Record<SizeName, number> = { ...fullSizes };
  for (const setting of settings) {
    const [name = '', value = ''] = setting.split('=');
    if (!isSize(name)) throw new Usage(`no size is called ${name}; there are ${Object.keys(fullSizes).join(', ')}`);
    if (!/^\d+$/.test(value)) throw new Usage(`--set ${name}=… takes a whole number, not ${value}`);
    sizes[name] = Number(value);
  }
  return sizes;
}

function isSize(name: string): name is SizeName {
  return Object.hasOwn(fullSizes, name);
}
