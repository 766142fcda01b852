// Worker processes beside this master, for pools of the driver `process`: how many there may be, by the configuration.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessScaler, workerProgram } from '../drivers/process/process-scaler.ts';
import { systemClock } from '../drivers/system/clock.ts';
import { systemIdentity } from '../drivers/system/identity.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

export interface ProcessesOptions {
  readonly most: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly address: () => string;
  /** Makes a token for workers of a namespace. */
  readonly token: (namespace: string) => Promise<{ readonly secret: string }>;
  readonly log: Log;
}

/** What is made for a worker that starts now was made no longer ago: tokens that nobody has used for some days are revoked. */
const tokenFreshMs = 12 * 3_600_000;

/** One token for all workers of a namespace, and another one when it has grown old: those that run keep theirs. */
export function freshTokens(make: ProcessesOptions['token'], clock: Pick<Clock, 'monotonicMs'>) {
  const tokens = new Map<string, { readonly secret: Promise<string>; readonly madeMs: number }>();
  return (namespace: string): Promise<string> => {
    const known = tokens.get(namespace);
    const nowMs = clock.monotonicMs();
    if (known !== undefined && nowMs - known.madeMs < tokenFreshMs) return known.secret;
    const secret = make(namespace).then(
      (made) => made.secret,
      (error: unknown) => {
        tokens.delete(namespace);
        throw error;
      },
    );
    tokens.set(namespace, { secret, madeMs: nowMs });
    return secret;
  };
}

/** Null: none may be started. */
export function openProcesses({ most, environment, address, token, log }: ProcessesOptions): ProcessScaler | null {
  if (most === 0) return null;
  const here = fileURLToPath(import.meta.url);
  const tokenOf = freshTokens(token, systemClock);
  return new ProcessScaler({
    program: workerProgram(dirname(dirname(here)), here.endsWith('.ts') ? 'ts' : 'js'),
    // Settings of the server in the environment are not meant for its workers.
    environment: Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TIDEWHEEL_'))),
    address,
    token: tokenOf,
    clock: systemClock,
    log,
    suffix: () => systemIdentity.random().slice(0, 8),
    most,
  });
}
