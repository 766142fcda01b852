// Certificates, keys and passwords come from files that the configuration names.

import { readFileSync } from 'node:fs';
import { Refusal } from '@tidewheel/protocol';

/** Throws INVALID_CONFIG, which names the key. */
export function configuredFile(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Refusal('INVALID_CONFIG', `${key}: ${path} cannot be read`, { cause: error });
  }
}
