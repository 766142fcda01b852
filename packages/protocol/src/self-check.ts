// The self-check: what the cluster asserts of its own data all the time, and what it has found.

import { z } from 'zod';

export const selfCheckNames = [
  /** An enabled schedule whose next fire is long past: nobody decides it. */
  'schedule-overdue',
  /** An enabled schedule whose next fire is not later than its cursor. */
  'schedule-misplaced',
  /** A run that is running in a session that does not exist. */
  'run-without-session',
  /** A run whose session has been dead for more than a minute. */
  'run-of-dead-session',
  /** A session whose lease ended more than a minute ago and that nobody has called dead. */
  'session-undead',
  /** A ready run in a lane that does not exist: no worker can ever get it. */
  'run-without-lane',
  /** A probe that is late, although a worker could have taken it; the sample says at which step it stands. */
  'probe-late',
  /** Masters of different versions: expected while they are being replaced. */
  'master-version',
  /** A master whose clock is more than a second away from the store's. */
  'master-clock',
] as const;
export type SelfCheckName = (typeof selfCheckNames)[number];

export const selfCheckSchema = z.object({
  clean: z.boolean(),
  checks: z.array(
    z.object({
      check: z.enum(selfCheckNames),
      /** At most 100 are counted. */
      findings: z.number().int(),
      /** Ids (of versions: the versions) of the first ones. */
      samples: z.array(z.string()),
    }),
  ),
});
export type SelfCheck = z.infer<typeof selfCheckSchema>;

/** What a finding of each check means, and what becomes of it, for people. */
export const selfCheckMeanings: Readonly<Record<SelfCheckName, string>> = {
  'schedule-overdue':
    'enabled schedules whose next fire is long past: nobody decides it; masters are told to look again',
  'schedule-misplaced': 'enabled schedules whose next fire is not after their last: it is computed anew',
  'run-without-session': 'runs that run in a session which does not exist: they are given to other workers',
  'run-of-dead-session': 'runs of workers that are gone for more than a minute: they are given to other workers',
  'session-undead': 'workers whose lease has ended and whom nobody has called gone: masters are told to look again',
  'run-without-lane': 'runs in a lane that does not exist: no worker can get them; cancel them and run their jobs anew',
  'probe-late': 'probes that come back late although a worker could have taken them; the sample says where they stand',
  'master-version': 'masters of different versions: expected only while they are being replaced',
  'master-clock': 'masters whose clock is more than a second off the store: check their time synchronisation',
};
