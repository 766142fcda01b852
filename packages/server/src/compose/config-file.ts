// A file that a key of the configuration names.

import { readFileSync } from 'node:fs';
import { Refusal } from '@tidewheel/protocol';

/** Refusals: INVALID_CONFIG with the key. */
export function fileOf(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refusal('INVALID_CONFIG', `${key}: ${path} cannot be read`, { cause: error });
  }
}
