// The outer shape of a cron expression: nicknames and the number of fields, and advice for what comes from elsewhere (instants,
// zones inside the expression, words, full-width characters).

import { limits } from '@tidewheel/protocol';
import { CronFault, nearestName } from './fault.ts';
import { firstYear, lastYear } from './fields.ts';
import type { Piece } from './field.ts';

export const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const orders = '5 (minute hour day-of-month month day-of-week), 6 (second first) or 7 (year last)';

/** The fault of a whole expression. `instead`: another expression; '' when nothing comes near. */
export class ShapeFault extends CronFault {
  constructor(expression: string, problem: string, instead: string) {
    super(0, expression, problem, instead);
  }
}

/** Five, six or seven fields with their places in the expression. Throws a CronFault. */
export function splitCron(expression: string): Piece[] {
  if (expression.length > limits.cronChars) {
    throw new ShapeFault(expression, `${expression.length} characters, at most ${limits.cronChars}`, '');
  }
  const trimmed = expression.trim();
  if (trimmed.startsWith('@')) return piecesOf(nicknamed(expression, trimmed));
  refuseForeign(expression, trimmed);
  const pieces = piecesOf(expression);
  refuseBlanks(expression, pieces);
  const last = pieces.at(-1)?.text ?? '';
  if (pieces.length === 6 && /^\d{4}$/.test(last) && Number(last) >= firstYear && Number(last) <= lastYear) {
    throw new ShapeFault(
      expression,
      `${last} looks like a year, which is the seventh field: seconds stand first`,
      `0 ${trimmed}`,
    );
  }
  if (pieces.length >= 5 && pieces.length <= 7) return pieces;
  const kept = pieces.slice(0, 5).map(({ text }) => text);
  while (kept.length < 5) kept.push('*');
  throw new ShapeFault(expression, `${pieces.length} fields are given; expected ${orders}`, kept.join(' '));
}

function piecesOf(expression: string): Piece[] {
  return [...expression.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }));
}

function nicknamed(expression: string, trimmed: string): string {
  const known = nicknames[trimmed.toLowerCase()];
  if (known !== undefined) return known;
  if (/^@reboot$/i.test(trimmed)) {
    const problem = '"@reboot" has no time: a cluster does not reboot; trigger the job from whatever starts up';
    throw new ShapeFault(expression, problem, '');
  }
  if (/^@every\b/i.test(trimmed)) {
    const interval = trimmed.slice(6).trim() || '5m';
    throw new ShapeFault(expression, `"${trimmed}" is an interval; write every: ${interval}`, '');
  }
  const names = Object.keys(nicknames);
  const near = nearestName(
    trimmed,
    names.map((name) => name.toUpperCase()),
  )?.toLowerCase();
  const problem = `the nickname "${trimmed}" is unknown; expected one of ${names.join(', ')}`;
  throw new ShapeFault(expression, problem, near ?? '@daily');
}

/** Characters of Chinese keyboards and of word processors, and what they stand for. */
const foreignMarks: Readonly<Record<string, string>> = {
  '，': ',',
  '、': ',',
  '＊': '*',
  '／': '/',
  '－': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '？': '?',
  '＃': '#',
  '（': '(',
  '）': ')',
  '∗': '*',
  '×': '*',
};
const foreignMark = new RegExp(`[${Object.keys(foreignMarks).join('')}０-９]`);

function refuseForeign(expression: string, trimmed: string): void {
  const zone = /^(?:CRON_TZ|TZ)=\S*\s*/.exec(trimmed);
  if (zone !== null) {
    const rest = trimmed.slice(zone[0].length);
    throw new ShapeFault(
      expression,
      'give the time zone beside the expression (timezone), not in it',
      rest || '* * * * *',
    );
  }
  const instant = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?\S*)?$/.exec(trimmed);
  if (instant !== null) {
    const [year, month, day, hour, minute, second] = instant.slice(1).map((part) => Number(part ?? 0));
    const near = `${second} ${minute} ${hour} ${day} ${month} ? ${year}`;
    throw new ShapeFault(expression, `"${trimmed}" is an instant; for one shot write at: ${trimmed}`, near);
  }
  const mark = foreignMark.exec(expression);
  if (mark !== null) {
    const [text] = mark;
    const plain = foreignMarks[text] ?? String(text.charCodeAt(0) - '０'.charCodeAt(0));
    throw new CronFault(mark.index, text, `another character than ${plain}`, plain);
  }
  const words = /^every\s+(?:(\d{1,2})\s+)?(second|minute|hour|day)s?$/i.exec(trimmed);
  if (words !== null) {
    const step = words[1] === undefined || words[1] === '1' ? '*' : `*/${words[1]}`;
    const forms: Record<string, string> = {
      second: `${step} * * * * *`,
      minute: `${step} * * * *`,
      hour: `0 ${step} * * *`,
      day: `0 0 ${step} * *`,
    };
    throw new ShapeFault(
      expression,
      `words are not understood; expected ${orders} fields`,
      forms[words[2]?.toLowerCase() ?? ''] ?? '',
    );
  }
}

/** `1, 15` would be taken for two fields. */
function refuseBlanks(expression: string, pieces: readonly Piece[]): void {
  const joined = expression.trim().replaceAll(/\s*([,/#])\s*|(?<=\S)\s*(-)\s*(?=\w)/g, '$1$2');
  const torn = pieces.find(({ text }, index) => /[,/#-]$/.test(text) || (index > 0 && /^[,/#-]/.test(text)));
  if (torn === undefined) return;
  const count = piecesOf(joined).length;
  if (joined === expression.trim() || count < 5 || count > 7) return;
  throw new ShapeFault(expression, `a blank stands inside a field, at character ${torn.at + 1}`, joined);
}
