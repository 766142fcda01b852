// A store as files: taken from a running one, and put where it can be opened again.

import type { BackupKind, BackupPosition } from '@tidewheel/protocol';
import type { Database } from './database.ts';

/** Stores one file. A path that ends with `/` is a directory. `content` is read to its end. */
export type FileSink = (path: string, mode: number, content: AsyncIterable<Uint8Array>) => Promise<void>;

export interface StoreImage {
  readonly kind: BackupKind;
  /** Everything as of one moment, while others work on the store. `size`: told when it is known, for people. */
  capture(sink: FileSink, size: (bytes: number) => void): Promise<Omit<BackupPosition, 'at'>>;
}

/** Where a store is put together. Nothing outside of it changes before `settle`. */
export interface RestorePlace {
  /** For people. */
  readonly name: string;
  readonly write: FileSink;
  /** When all is written: the store, open for this process alone and cut off from the world. */
  open(): Promise<OpenPlace>;
  /** Puts it where it was to be, all at once, after it was closed. */
  settle(): Promise<void>;
  /** Removes whatever has not been settled. Safe at any time. */
  discard(): Promise<void>;
}

export interface OpenPlace {
  readonly db: Database;
  /** What `now_ms()` says from now on; null: the time. */
  setClock(at: number | null): Promise<void>;
  close(): Promise<void>;
}
