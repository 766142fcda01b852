// R1. A restored store rests until an operator has chosen: nothing is decided and no attempt is given. Then every time of the gap is
// decided as he chose. What the lost time had handed out (terms, tokens) is smaller than all that is handed out after it.

import type { Evidence } from '../evidence.ts';
import type { StoreLossRecord } from '../ground-truth.ts';
import type { HistoryRow } from '../history.ts';
import type { Checker } from './checker.ts';
import { restores } from './lost-history.ts';

export const keptGap: Checker = {
  id: 'R1',
  promise:
    'a restored store does nothing before an operator has chosen, then what was chosen; what fences goes on beyond the lost',
  check: (evidence) =>
    restores(evidence).flatMap((restore) => [
      ...hasty(evidence, restore),
      ...against(evidence, restore),
      ...notBeyond(evidence, restore),
    ]),
};

/** Its own writes: all after the first row that names the choice, which comes with the event. */
function after({ history }: Evidence, { lostSeq }: StoreLossRecord): HistoryRow[] {
  return history.filter(({ seq }) => seq > lostSeq);
}

function seqOf(rows: readonly HistoryRow[], action: string): number {
  return rows.find(({ event }) => event?.action === action)?.seq ?? Number.POSITIVE_INFINITY;
}

function hasty(evidence: Evidence, restore: StoreLossRecord): string[] {
  const rows = after(evidence, restore);
  const chosen = seqOf(rows, 'restore-gap.choose');
  const closed = seqOf(rows, 'restore-gap.close');
  const found: string[] =
    closed === Number.POSITIVE_INFINITY ? [`the gap of the restore at ${restore.to} was never closed`] : [];
  for (const { seq, kind, id, fire, before, after: now, when } of rows) {
    if (kind === 'fire+' && seq < chosen)
      found.push(`${id} decided ${fire?.fireAt} at ${when}, before anybody had chosen`);
    const isGiven = now?.state === 'running' && before?.state !== 'running';
    if ((kind === 'run+' || kind === 'run~') && isGiven && seq < closed)
      found.push(`run ${id} was given away at ${when}, before the gap was closed`);
  }
  return found;
}

/**
 * Times that had passed when the operator chose, and stayed so: where the store's clock went back behind one of them before it was decided, it
 * comes due like any other (seed 3384005608).
 */
function against(evidence: Evidence, restore: StoreLossRecord): string[] {
  const rows = after(evidence, restore);
  const chosen = rows.find(({ event }) => event?.action === 'restore-gap.choose');
  if (chosen === undefined) return [];
  const fired = rows.filter(
    ({ kind, fire, seq, when }) =>
      kind === 'fire+' &&
      seq > chosen.seq &&
      fire?.outcome === 'fired' &&
      fire.fireAt <= evidence.clock.least(chosen.when, when),
  );
  const most = { skip: 0, last: 1, all: Number.POSITIVE_INFINITY }[restore.choice?.gap ?? 'skip'];
  return [...Map.groupBy(fired, ({ id }) => id)].flatMap(([id, fires]) =>
    fires.length <= most
      ? []
      : [`${id} fired ${fires.length} times of the gap, although ${restore.choice?.gap} was chosen`],
  );
}

function notBeyond({ history, lost }: Evidence, { lostSeq, keptSeq }: StoreLossRecord): string[] {
  const gone = lost.filter(({ seq }) => seq > keptSeq && seq <= lostSeq);
  const term = Math.max(0, ...gone.map((row) => row.term?.after.term ?? 0));
  const tokens = new Map<string, number>();
  for (const { id, lock, token } of gone) {
    const given = lock?.after?.token ?? token?.after ?? 0;
    tokens.set(id, Math.max(given, tokens.get(id) ?? 0));
  }
  return history.flatMap((row) => {
    if (row.seq <= lostSeq) return [];
    if (row.term !== null && row.term.after.term <= term && row.term.after.masterId !== null)
      return [`term ${row.term.after.term} began at ${row.when} again`];
    const given = row.lock?.after?.token ?? row.token?.after ?? null;
    return given !== null && given <= (tokens.get(row.id) ?? 0)
      ? [`${row.id} has token ${given} at ${row.when} again`]
      : [];
  });
}
