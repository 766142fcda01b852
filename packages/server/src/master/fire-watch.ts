// The leader's duty to audit the fires of the last hour, again and again: the promise of the ledger is checked while it is kept,
// not when somebody asks. What it finds becomes a metric, a line in the log, and an event whenever it changes.

import { type FireAuditRow, Refusal } from '@tidewheel/protocol';
import { eventsAppend } from '../store/events.ts';
import { storeNow } from '../store/jobs.ts';
import { namespaceNames } from '../store/job-views.ts';
import { auditFires } from './fire-audit.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';

const rangeMs = 3_600_000;
const restMs = 60_000;
/** An audit that takes long rests longer: it may cost a twentieth of the time. */
const restShare = 20;
/** Schedules with findings that one event names. */
const namedMax = 20;

type Findings = Record<'missing' | 'doubled' | 'unexpected', number>;

export function fireWatch(context: MasterContext): Duty {
  const { clock, metrics } = context;
  return {
    name: 'fire watch',
    begin: (leader) => {
      // What was told of each namespace in this term, so that a finding is one event and not one a minute.
      const told = new Map<string, string>();
      return async () => {
        const startedMs = clock.monotonicMs();
        const all: Findings = { missing: 0, doubled: 0, unexpected: 0 };
        for (const namespace of await namespaceNames(context.db)) {
          const rows = await findingsOf(context, namespace);
          for (const row of rows) {
            all.missing += row.missing;
            all.doubled += row.doubled;
            all.unexpected += row.unexpected;
          }
          await tell(context, leader, namespace, rows, told);
        }
        for (const [finding, count] of Object.entries(all)) metrics.set('tidewheel_audit_findings', count, { finding });
        return Math.max(restMs, restShare * (clock.monotonicMs() - startedMs));
      };
    },
  };
}

async function findingsOf({ db, log }: MasterContext, namespace: string): Promise<FireAuditRow[]> {
  try {
    const audit = await auditFires(db, { namespace, from: (await storeNow(db)) - rangeMs });
    return audit.schedules.filter((row) => row.missing + row.doubled + row.unexpected > 0);
  } catch (error) {
    // More schedules than one audit takes: said, not hidden.
    if (!(error instanceof Refusal)) throw error;
    log.warn('the fires of a namespace cannot be audited', { namespace, why: error.message });
    return [];
  }
}

async function tell(
  { identity, log }: MasterContext,
  leader: Leader,
  namespace: string,
  rows: readonly FireAuditRow[],
  told: Map<string, string>,
): Promise<void> {
  const findings = JSON.stringify(rows.slice(0, namedMax).map(({ schedule, samples }) => ({ schedule, samples })));
  if (rows.length === 0) {
    told.delete(namespace);
    return;
  }
  if (told.get(namespace) === findings) return;
  log.error('the audit found fires that are missing, doubled or unexpected', { namespace, findings });
  await leader.transaction((tx) =>
    eventsAppend(tx, identity, [
      {
        namespace,
        actor: 'audit',
        action: 'fires.findings',
        subject: namespace,
        detail: { schedules: rows.length, findings: JSON.parse(findings) as unknown },
      },
    ]),
  );
  told.set(namespace, findings);
}
