// Reads a crontab from a file or stdin, with its faults placed in the file.

import { Refusal } from '@tidewheel/protocol';
import { type Crontab, parseCrontab } from '../core/crontab.ts';
import type { PlacedFault } from './manifest.ts';
import { readText } from './manifest-files.ts';
import type { Terminal } from './terminal.ts';

export interface CrontabFileOptions {
  readonly system: boolean | 'auto';
  readonly timezone: string | undefined;
}

export async function loadCrontab(path: string, options: CrontabFileOptions, terminal: Terminal): Promise<Crontab> {
  const text = path === '-' ? await terminal.stdin() : readText(path);
  const source = path === '-' ? 'stdin' : path;
  // Cron runs in the zone of its machine, so that is what a line without CRON_TZ means.
  const timezone = options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return parseCrontab(text, { system: options.system, source, timezone });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const lines = text.split('\n');
    const faults = error.faults.map(
      (fault): PlacedFault => ({ ...fault, file: source, excerpt: lines[(fault.line ?? 1) - 1] ?? '' }),
    );
    throw new Refusal(error.code, error.message, { faults, cause: error });
  }
}
