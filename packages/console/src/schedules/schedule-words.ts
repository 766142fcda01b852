// A schedule's definition as a reader meets it: in words where there are words, else as it is written.

import { type Language } from '../language/translate.ts';
import type { Translate } from '../language/catalogue.ts';
import { cronWords } from '../cron/words.ts';
import { span } from '../time/format.ts';

export interface When {
  readonly words: string;
  /** The expression itself, when the words do not say it all. */
  readonly exact: string | null;
}

type Definition = Readonly<Record<string, unknown>>;

export function whenOf(definition: Definition, t: Translate, language: Language): When {
  const { cron, every, at, in: delay } = definition;
  if (typeof cron === 'string') {
    const words = cronWords(cron, language);
    return words === null ? { words: cron, exact: null } : { words, exact: cron };
  }
  if (typeof every === 'number') return { words: t('schedule.everyText', { span: span(every, t) }), exact: null };
  if (at !== undefined) return { words: t('schedule.onceAt'), exact: typeof at === 'string' ? at : null };
  if (typeof delay === 'number') return { words: t('schedule.onceIn', { span: span(delay, t) }), exact: null };
  return { words: '', exact: null };
}

/** The zone that rules a cron expression; the other kinds have none. */
export function zoneOf(definition: Definition): string | null {
  const { timezone, cron } = definition;
  return typeof cron === 'string' && typeof timezone === 'string' ? timezone : null;
}

export function overlapWords(definition: Definition, t: Translate): string {
  return t(definition['overlap'] === 'skip' ? 'schedule.overlap.skip' : 'schedule.overlap.allow');
}

interface Misfire {
  readonly policy: 'skip' | 'last' | 'all';
  readonly window: number;
  readonly max: number;
  readonly grace: number;
}

export function misfireWords(definition: Definition, t: Translate): string | null {
  const misfire = definition['misfire'] as Misfire | undefined;
  if (misfire === undefined) return null;
  const grace = span(misfire.grace, t);
  if (misfire.policy === 'skip') return t('schedule.misfire.skip', { grace });
  const window = span(misfire.window, t);
  if (misfire.policy === 'last') return t('schedule.misfire.last', { grace, window });
  return t('schedule.misfire.all', { grace, window, max: misfire.max });
}
