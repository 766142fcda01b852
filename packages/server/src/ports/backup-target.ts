// Where backups lie: objects under keys, as a directory or a store of objects keeps them. Objects are small, so each travels whole.
// Every method refuses with BACKUP_TARGET when the place cannot be used, a full disk included.

export interface BackupTarget {
  /** For people: without secrets. */
  readonly name: string;
  /** Durable when it resolves, and whole or not there at all. An object of that key is replaced. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** False, and nothing is written, when there is an object of that key. */
  putNew(key: string, bytes: Uint8Array): Promise<boolean>;
  /** Null when there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** Keys that begin so, in any order. */
  list(prefix: string): AsyncIterable<string>;
  /** Since it was put, by the clock of the place as far as it tells; null when there is none. */
  ageMs(key: string): Promise<number | null>;
  /** Nothing happens when there is none. */
  delete(key: string): Promise<void>;
}
