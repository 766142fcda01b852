// Attempts that go on at workers, but whose claim the store has lost: a promoted standby did not have it. Given away again, the run would
// be executed twice at a time; so whoever holds it keeps it.

import { become } from '../core/run.ts';
import type { Tx } from '../ports/database.ts';

/** An attempt as the master knows it that handed it over. */
export interface HeldRun {
  readonly runId: string;
  readonly attempt: number;
  readonly attemptId: string;
  readonly sessionId: string;
}

/** Gives runs that wait to be claimed to those who hold them, unless their session has ended. Answers the attempts that were adopted. */
export async function runsAdopt(tx: Tx, held: readonly HeldRun[]): Promise<string[]> {
  if (held.length === 0) return [];
  // A scheduled one had become ready, too, before it was claimed.
  become('scheduled', 'ready');
  become('ready', 'running');
  const rows = await tx.query<{ attempt_id: string }>(
    `update run set state = 'running', attempt = x.attempt, attempt_id = x.attempt_id, session_id = x.session_id,
       claimed_at = now_ms(), started_at = null
     from ${tx.dialect.rows('$1', 'x', { id: 'uuid', attempt: 'int', attempt_id: 'uuid', session_id: 'uuid' })}
     join session s on s.id = x.session_id and s.state <> 'dead' and s.expires_at > now_ms()
     where run.id = x.id and run.state in ('ready', 'scheduled') and run.attempt < x.attempt
     returning run.attempt_id`,
    [
      JSON.stringify(
        held.map(({ runId, attempt, attemptId, sessionId }) => ({
          id: runId,
          attempt,
          attempt_id: attemptId,
          session_id: sessionId,
        })),
      ),
    ],
  );
  return rows.map((row) => row.attempt_id);
}
