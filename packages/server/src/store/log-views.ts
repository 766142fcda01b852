// Pages of a run's log: attempt after attempt, each along its primary key, so a page costs the same anywhere in a long log.

import type { LogChunkView, LogStream } from '@tidewheel/protocol';
import type { Tx } from '../ports/database.ts';
import type { Slice } from './page.ts';

/** The last chunk that was read. `{ attempt: 0, seq: 0 }` stands before the first. */
export interface LogPosition {
  attempt: number;
  seq: number;
}

export const logStart: LogPosition = { attempt: 0, seq: 0 };

interface ChunkRow {
  attempt: number;
  attempt_id: string;
  seq: number;
  at: number;
  stream: LogStream;
  text: string;
}

/** `attempts`: those of the run, in their order. `next` is null when the page reaches the end of what is stored now. */
export async function logsPage(
  tx: Tx,
  runId: string,
  attempts: readonly { attempt: number; attemptId: string }[],
  after: LogPosition,
  limit: number,
): Promise<Slice<LogChunkView, LogPosition>> {
  const items: LogChunkView[] = [];
  for (const { attempt, attemptId } of attempts) {
    if (attempt < after.attempt) continue;
    const rows = await tx.query<ChunkRow>(
      `select attempt, attempt_id, seq, at, stream, text from log_chunk
       where run_id = $1 and attempt_id = $2 and seq > $3 order by seq limit $4`,
      [runId, attemptId, attempt === after.attempt ? after.seq : 0, limit + 1 - items.length],
    );
    items.push(...rows.map(viewOf));
    if (items.length > limit) break;
  }
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page,
    next: items.length > limit && last !== undefined ? { attempt: last.attempt, seq: last.seq } : null,
  };
}

function viewOf(row: ChunkRow): LogChunkView {
  const { attempt, seq, at, stream, text } = row;
  return { attempt, attemptId: row.attempt_id, seq, at, stream, text };
}
