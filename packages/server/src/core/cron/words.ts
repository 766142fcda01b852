// Says a cron expression in English and in Chinese. Each language is one renderer over the same meaning, because word order differs
// too much for message templates.

import { meaningOf } from './meaning.ts';
import { parseCron } from './parse.ts';
import { chinese } from './words-chinese.ts';
import { english } from './words-english.ts';

/** The same said in both languages of the console. */
export interface Words {
  readonly en: string;
  readonly zh: string;
}

/** Throws INVALID_CRON. Without the name that `H` makes its values of, the words say that they are not settled yet. */
export function cronWords(expression: string, hashKey?: string): Words {
  const meaning = meaningOf(parseCron(expression, 'UTC', { hashKey }).fields);
  const open = hashKey === undefined && /(?:^|[\s,+])H/i.test(expression);
  return {
    en: english(meaning) + (open ? ' (for example: H depends on the name of the schedule)' : ''),
    zh: chinese(meaning) + (open ? '（示例：H 取决于调度计划的名称）' : ''),
  };
}
