// Backups of the whole store over the API, and the gap that a restore leaves. Orders need an administrator's token for all namespaces.

import type { BackupView, GapChoice, GapView } from '@tidewheel/protocol';
import { Listing, type PageOptions } from './listing.ts';
import type { Requests } from './requests.ts';

export class BackupsApi {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Newest first. */
  list(page: PageOptions = {}): Listing<BackupView> {
    return new Listing((query) => this.#requests.json('GET', '/v1/backups', { query: { ...query } }), page);
  }

  /** Begins one; it counts when it is listed as verified. Refusals: BACKUP_BUSY, INVALID_CONFIG. */
  create(kind: 'physical' | 'logical' = 'physical'): Promise<{ id: string }> {
    return this.#requests.json('POST', '/v1/backups', { body: { kind } });
  }

  /** Forgets what the retention does not keep. Refusals: BACKUP_BUSY, INVALID_CONFIG. */
  prune(): Promise<{ pruned: string[]; freedObjects: number }> {
    return this.#requests.json('POST', '/v1/backups/prune');
  }

  /** What a restored store does not know. Refusals: NOT_FOUND when there is nothing to choose. */
  gap(): Promise<GapView> {
    return this.#requests.json('GET', '/v1/restore-gap');
  }

  /** Chooses what becomes of it. Refusals: NOT_FOUND, CONFLICT when something was chosen before. */
  closeGap(choice: { gap: GapChoice; unfinished?: 'again' | 'lost'; reason: string }): Promise<GapView> {
    return this.#requests.json('POST', '/v1/restore-gap/close', { body: choice });
  }
}
