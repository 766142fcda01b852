// Watches how much room the store has left, on every master: each refuses what would fill it. At the reserve new runs are refused (STORE_FULL),
// so that the room that is left serves what was promised: fires, results, logs, the end of everything that is under way.

import { bytesText, Refusal } from '@tidewheel/protocol';
import { fullIn, growthPerDay, levelOf, type SpaceNow, spaceOf } from '../core/store-growth.ts';
import { sizesSince, storeSize } from '../store/store-size.ts';
import type { MasterContext } from './deps.ts';
import { Loop, type Service } from './service.ts';

/** Asked before new runs are taken. Refusals: STORE_FULL. */
export interface Room {
  assertRoom(): void;
  /** False: what makes runs by itself rests. */
  readonly hasRoom: boolean;
}

/** With room for so many reserves none can be gone within the longest time between two looks. */
const plentyShare = 16;
const plentyLookMs = 60_000;
const lookMs = 10_000;
/** While little is left it can go fast. */
const closeLookMs = 1000;
const forecastEveryMs = 300_000;
/** What a forecast is made of. */
const samplesMs = 7 * 86_400_000;
const retryAfterSeconds = 30;

export class SpaceWatch implements Service, Room {
  readonly #context: MasterContext;
  readonly #loop: Loop;
  #now: SpaceNow;
  #perDay: number | null = null;
  #forecastAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: MasterContext) {
    this.#context = context;
    this.#loop = new Loop('space watch', context, () => this.look());
    const { reserveBytes } = context.settings.space;
    const unknown = { usedBytes: 0, reusableBytes: 0, freeBytes: null, freeOf: null };
    this.#now = { ...unknown, reserveBytes, level: 'ok', growthBytesPerDay: null, fullInMs: null };
  }

  get now(): SpaceNow {
    return this.#now;
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  get hasRoom(): boolean {
    return this.#now.level !== 'full';
  }

  assertRoom(): void {
    const { level, freeBytes, reserveBytes } = this.#now;
    if (level !== 'full') return;
    throw new Refusal(
      'STORE_FULL',
      `${bytesText(freeBytes ?? 0)} can still be written, and ${bytesText(reserveBytes)} are kept for what is under way`,
      { retryAfterSeconds },
    );
  }

  /** Answers when to look again. */
  async look(): Promise<number> {
    const { db, clock, settings, diskFreeBytes, metrics } = this.#context;
    const { usedBytes, reusableBytes } = await storeSize(db);
    const disk = diskFreeBytes === undefined ? null : diskFreeBytes() + reusableBytes;
    const space = spaceOf(usedBytes, disk, settings.space);
    if (clock.monotonicMs() - this.#forecastAtMs > forecastEveryMs) {
      this.#perDay = growthPerDay(await sizesSince(db, samplesMs));
      this.#forecastAtMs = clock.monotonicMs();
    }
    const before = this.#now.level;
    const level = levelOf(space, settings.space, before);
    const forecast = { growthBytesPerDay: this.#perDay, fullInMs: fullIn(space, settings.space, this.#perDay) };
    this.#now = { ...space, reusableBytes, reserveBytes: settings.space.reserveBytes, level, ...forecast };
    metrics.set('tidewheel_store_used_bytes', usedBytes);
    if (space.freeBytes !== null) metrics.set('tidewheel_store_free_bytes', space.freeBytes);
    metrics.set('tidewheel_store_full', level === 'full' ? 1 : 0);
    if (level !== before) this.#tell(level === 'ok' ? 'info' : 'error');
    if (level !== 'ok') return closeLookMs;
    const plenty = space.freeBytes === null || space.freeBytes > settings.space.reserveBytes * plentyShare;
    return plenty ? plentyLookMs : lookMs;
  }

  #tell(how: 'info' | 'error'): void {
    const { level, freeBytes, freeOf, usedBytes } = this.#now;
    const words = {
      ok: 'the store has room again',
      filling: 'the store is filling up',
      full: 'the store is nearly full: new runs are refused',
    };
    this.#context.log[how](words[level], { freeBytes: freeBytes ?? 0, freeOf: freeOf ?? '', usedBytes });
  }
}
