// What every command gets: the person's terminal, and a place for the exit code that it decides on.

import { readFileSync } from 'node:fs';
import type { Terminal } from './terminal.ts';

export interface CommandLine {
  readonly terminal: Terminal;
  /** 0 unless a command sets it. Thrown errors have their own codes. */
  exitCode: number;
}

/** The version of this package; the file stands above `src` as above `dist`. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
