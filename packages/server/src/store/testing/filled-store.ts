// A store with something in every kind of table that copies have to carry. Test code only.

import type { Database } from '../../ports/database.ts';
import { systemIdentity } from '../../drivers/system/identity.ts';
import { eventsAppend } from '../events.ts';
import { resultsAccept } from '../runs-report.ts';
import { runsClaim } from '../runs-claim.ts';
import { runsInsert } from '../runs-submit.ts';
import { DefinitionCache } from '../definition-cache.ts';
import { newRun, seedId, seedJob, seedSchedule, seedSession } from './seed.ts';

export interface Filled {
  readonly scheduleId: string;
  readonly archived: readonly string[];
  readonly waiting: readonly string[];
}

/** Characters that JSON, SQL and sort orders treat in their own ways. */
export const awkward = `a'b"c\\ ${String.fromCodePoint(0x1f600)} ü\u2028 \ttab\nline`;

export async function fillStore(db: Database, runs = 20): Promise<Filled> {
  const master = seedId();
  const job = await seedJob(db);
  const scheduleId = await seedSchedule(db, job, { cron: '* * * * * *' }, 0);
  const sessionId = await seedSession(db, master);
  const made = Array.from({ length: runs }, () => newRun(job, { payload: JSON.stringify(awkward) }));
  const kept = [newRun(job, { delayMs: 60_000 }), newRun(job, { payload: 'null' })];
  await db.transaction((tx) => runsInsert(tx, made));
  const slots = made.map(() => ({ sessionId, attemptId: seedId() }));
  const claimed = await db.transaction((tx) => runsClaim(tx, job.laneId, slots));
  await db.transaction((tx) =>
    resultsAccept(
      tx,
      { masterId: master, definitions: new DefinitionCache(), fraction: () => 0 },
      claimed.map((run) => ({
        type: 'result' as const,
        runId: run.id,
        attemptId: run.attemptId,
        sessionId,
        outcome: 'succeeded' as const,
        output: awkward,
        error: null,
        durationMs: 1,
      })),
    ),
  );
  await db.transaction((tx) => runsInsert(tx, kept));
  for (const namespace of ['default', 'B', 'a', 'Ä'])
    await db.transaction((tx) =>
      eventsAppend(tx, systemIdentity, [
        { namespace, actor: 'test', action: 'test.fill', subject: awkward, detail: { awkward } },
      ]),
    );
  // Keys of text sort differently by bytes and by words.
  for (const key of ['b', 'B', 'a', 'A', 'ä', 'a-b', 'ab'])
    await db.query('insert into meta (key, value) values ($1, $2)', [`test ${key}`, awkward]);
  return { scheduleId, archived: claimed.map(({ id }) => id), waiting: kept.map(({ id }) => id) };
}
