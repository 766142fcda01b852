// What one key of the configuration is.

import type { Read } from './config-values.ts';

export interface ConfigKey<T = unknown> {
  /** The path in the file, under `server:`. */
  readonly key: string;
  readonly flag: string;
  /** The flag's value in the help; none for a switch. */
  readonly placeholder: string | null;
  readonly env: string;
  readonly fallback: string | null;
  readonly help: string;
  readonly read: Read<T>;
}

export const define = <T>(key: ConfigKey<T>): ConfigKey<T> => key;

/** Looks a key up; null when it is not set, or wrong and told as a fault. */
export type Value = <T>(key: ConfigKey<T>) => T | null;
