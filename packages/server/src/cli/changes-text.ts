// The difference between what is declared and what the server has, for a person to read before saying yes.

import { formatDuration, type Change } from '@tidewheel/protocol';
import { paint, type Style } from './table.ts';
import { visibleLine } from './text-width.ts';

const marks: Record<Change['action'], { mark: string; style: Style }> = {
  create: { mark: '+', style: 'green' },
  update: { mark: '~', style: 'yellow' },
  delete: { mark: '-', style: 'red' },
  unchanged: { mark: ' ', style: 'dim' },
};

/** Definitions keep durations in milliseconds; people wrote `5m`. */
const poolDurations = /\/(wait|drain|horizon|stabilize|cooldown|timeout)$/;
const durations = /\/(every|in|window|grace|initial|max|timeout\/(start|run|kill))$/;

export function changesText(changes: readonly Change[], colour: boolean): string {
  const shown = changes.filter((change) => change.action !== 'unchanged');
  const lines = shown.flatMap((change) => {
    const { mark, style } = marks[change.action];
    const spans = change.kind === 'pool' ? poolDurations : durations;
    return [
      paint(`${mark} ${change.kind} ${change.name}`, style, colour),
      ...change.differences.map(({ pointer, before, after }) => {
        const from = paint(valueText(spans, pointer, before), 'red', colour);
        const to = paint(valueText(spans, pointer, after), 'green', colour);
        return `    ${pointer || '/'}  ${from} → ${to}`;
      }),
    ];
  });
  return [...lines, countsText(changes)].join('\n').concat('\n');
}

function valueText(spans: RegExp, pointer: string, value: unknown): string {
  if (value === undefined || value === null) return '(none)';
  if (typeof value === 'number' && spans.test(pointer)) return formatDuration(value);
  const text = visibleLine(JSON.stringify(value));
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

export function countsText(changes: readonly Change[]): string {
  const words = { create: 'to create', update: 'to change', delete: 'to delete', unchanged: 'unchanged' } as const;
  const counts = (['create', 'update', 'delete', 'unchanged'] as const).flatMap((action) => {
    const count = changes.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} ${words[action]}`];
  });
  return counts.length === 0 ? 'nothing is declared' : counts.join(', ');
}

export function hasChanges(changes: readonly Change[]): boolean {
  return changes.some((change) => change.action !== 'unchanged');
}
