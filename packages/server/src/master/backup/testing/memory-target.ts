// A target in memory, which tests look into and damage, and which can be made full. Test code only.

import { Refusal } from '@tidewheel/protocol';
import type { BackupTarget } from '../../../ports/backup-target.ts';

export class MemoryTarget implements BackupTarget {
  readonly name = 'memory';
  readonly objects = new Map<string, Uint8Array>();
  /** Bytes that fit; beyond them it refuses as a full disk does. */
  capacity = Number.POSITIVE_INFINITY;

  get bytes(): number {
    return this.objects.values().reduce((sum, { length }) => sum + length, 0);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.bytes + bytes.length > this.capacity) throw new Refusal('BACKUP_TARGET', 'memory: no space left');
    this.objects.set(key, bytes);
  }

  async putNew(key: string, bytes: Uint8Array): Promise<boolean> {
    if (this.objects.has(key)) return false;
    await this.put(key, bytes);
    return true;
  }

  get(key: string): Promise<Uint8Array | null> {
    return Promise.resolve(this.objects.get(key) ?? null);
  }

  async *list(prefix: string): AsyncGenerator<string> {
    for (const key of this.objects.keys().toArray()) if (key.startsWith(prefix)) yield key;
  }

  /** Those that were put just now, of all others long ago. */
  readonly young = new Set<string>();

  ageMs(key: string): Promise<number | null> {
    return Promise.resolve(this.objects.has(key) ? (this.young.has(key) ? 0 : Number.POSITIVE_INFINITY) : null);
  }

  delete(key: string): Promise<void> {
    this.objects.delete(key);
    return Promise.resolve();
  }
}
