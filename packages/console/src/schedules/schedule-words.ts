// A schedule as a reader meets it: its times in the server's words, its rules in ours.

import type { ScheduleView } from '@tidewheel/protocol';
import type { Translate } from '../language/catalogue.ts';
import { type Language } from '../language/translate.ts';
import { span } from '../time/format.ts';

export interface When {
  readonly words: string;
  /** As it is written, beside the words. */
  readonly exact: string | null;
}

type Definition = ScheduleView['definition'];

export function whenOf({ words, definition }: Pick<ScheduleView, 'words' | 'definition'>, language: Language): When {
  const { cron, rrule } = definition;
  const exact = typeof cron === 'string' ? cron : typeof rrule === 'string' ? rrule : null;
  if (words === undefined) return { words: exact ?? '', exact: null };
  return { words: words[language], exact };
}

/** The zone that rules the times; those of a fixed rate or delay have none. */
export function zoneOf({ timezone, every, delay, in: once }: Definition): string | null {
  const ruled = every === undefined && delay === undefined && once === undefined;
  return ruled && typeof timezone === 'string' ? timezone : null;
}

const overlaps = ['allow', 'skip', 'buffer-one', 'buffer-all', 'cancel-previous', 'kill-previous'] as const;

export function overlapWords(definition: Definition, t: Translate): string {
  const policy = overlaps.find((one) => one === definition['overlap']) ?? 'allow';
  return t(`schedule.overlap.${policy}`);
}

interface Misfire {
  readonly policy: 'skip' | 'last' | 'all';
  readonly window: number;
  readonly max: number;
  readonly grace: number;
  readonly rate?: number;
}

export function misfireWords(definition: Definition, t: Translate): string | null {
  const misfire = definition['misfire'] as Misfire | undefined;
  if (misfire === undefined) return null;
  const grace = span(misfire.grace, t);
  if (misfire.policy === 'skip') return t('schedule.misfire.skip', { grace });
  const window = span(misfire.window, t);
  if (misfire.policy === 'last') return t('schedule.misfire.last', { grace, window });
  const all = t('schedule.misfire.all', { grace, window, max: misfire.max });
  return misfire.rate === undefined ? all : `${all} ${t('schedule.misfire.rate', { count: misfire.rate })}`;
}

/** Names of the calendars that it leaves out and keeps to. */
export function calendarsOf({ calendar }: Definition): { exclude: string[]; only: string[]; move: string } {
  const { exclude, only, move } = (calendar ?? {}) as { exclude?: string[]; only?: string[]; move?: string };
  return { exclude: exclude ?? [], only: only ?? [], move: move ?? 'skip' };
}

const fireReasons = [
  'misfire',
  'misfire-window',
  'misfire-limit',
  'restore-gap',
  'overlap',
  'overlap-limit',
  'job-disabled',
  'catch-up',
  'buffered',
] as const;

/** Why a fire was skipped, or what there is to say of one that was not. */
export function reasonWords(reason: string, t: Translate): string {
  const known = fireReasons.find((one) => one === reason);
  return known === undefined ? reason : t(`fire.reason.${known}`);
}
