// How a look ahead is printed for people: the schedule in words, what is odd about it, and its times with what calendars take out
// between them, in one table.

import {
  formatDuration,
  type FireMark,
  type LeftOut,
  type Preview,
  type PreviewFire,
  type Words,
} from '@tidewheel/protocol';
import type { Listing } from './output.ts';
import { paint } from './table.ts';
import { visibleLine } from './text-width.ts';

type Moment = LeftOut['first'];
export type PreviewRow =
  | { readonly kind: 'fire'; readonly at: number; readonly fire: PreviewFire }
  | { readonly kind: 'left-out'; readonly at: number; readonly leftOut: LeftOut };

export function previewRows({ fires, leftOut }: Preview): PreviewRow[] {
  const rows: PreviewRow[] = [
    ...fires.map((fire): PreviewRow => ({ kind: 'fire', at: fire.at, fire })),
    ...leftOut.map((one): PreviewRow => ({ kind: 'left-out', at: one.first.at, leftOut: one })),
  ];
  return rows.sort((a, b) => a.at - b.at);
}

export function previewListing(preview: Preview): Listing<PreviewRow> {
  const due = preview.fires.some((fire) => fire.dueAt !== undefined);
  return {
    name: ({ at }) => new Date(at).toISOString(),
    empty: 'it never fires again',
    columns: (times) => [
      { title: `TIME IN ${preview.timezone}`, value: timeOf, style: styleOf },
      { title: 'WHEN', value: ({ at }) => times(at), style: styleOf },
      ...(due ? [{ title: 'DUE', value: dueOf, right: true }] : []),
      { title: 'NOTE', value: noteOf, style: styleOf },
    ],
  };
}

/** The words and the warnings, before the table. */
export function previewHead({ words, warnings }: Pick<Preview, 'words' | 'warnings'>, how: Reader): string {
  return [`${visibleLine(words[how.language])}\n`, ...warnings.map((one) => warningLine(one, how))].join('');
}

export interface Reader {
  readonly language: keyof Words;
  readonly colour: boolean;
}

export function warningLine(warning: Words & { readonly code: string }, { language, colour }: Reader): string {
  return `${paint('warning', 'yellow', colour)} ${paint(warning.code, 'bold', colour)} ${visibleLine(warning[language])}\n`;
}

const styleOf = (row: PreviewRow) => (row.kind === 'left-out' ? ('dim' as const) : undefined);

function timeOf(row: PreviewRow): string {
  if (row.kind === 'fire') return wall(row.fire);
  const { first, last, count } = row.leftOut;
  return count === 1 ? wall(first) : `${wall(first)} … ${last.local.slice(0, 10)}`;
}

/** `2027-03-28 03:00:00 +02:00`: as the clocks of the zone show it. */
function wall({ local }: Moment): string {
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${local.slice(19)}`;
}

function dueOf(row: PreviewRow): string {
  if (row.kind === 'left-out' || row.fire.dueAt === undefined) return '';
  return `+${formatDuration(row.fire.dueAt - row.fire.at)}`;
}

const markTexts: Record<FireMark, string> = {
  gap: 'its wall time does not exist on this day',
  'repeated-first': 'the first of two equal wall times',
  'repeated-second': 'the second of two equal wall times',
  moved: 'moved',
};

function noteOf(row: PreviewRow): string {
  if (row.kind === 'fire') {
    const { marks, movedFrom } = row.fire;
    return marks
      .map((mark) => (mark === 'moved' && movedFrom !== undefined ? `moved from ${wall(movedFrom)}` : markTexts[mark]))
      .join(', ');
  }
  const { calendar, count, movedTo } = row.leftOut;
  const times = count === 1 ? '' : `${count} times `;
  return movedTo === undefined
    ? `${times}left out by calendar ${calendar}`
    : `${times}left out by calendar ${calendar}, moved to ${wall(movedTo)}`;
}
