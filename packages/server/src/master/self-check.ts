// The leader's duty to assert what must always be true, again and again, instead of trusting that it is. A finding is counted,
// told (once, until it changes), and repaired where a statement can do that with the condition inside.

import { type SelfCheck, type SelfCheckName } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import type { Tx } from '../ports/database.ts';
import { eventsAppend, wholeCell } from '../store/events.ts';
import { selfCheckAsk, selfCheckRepairs } from '../store/self-check.ts';
import type { MasterContext } from './deps.ts';
import type { Duty, Leader } from './duty.ts';

const restMs = 10_000;
const sampleCount = 10;

export async function selfCheck(db: Tx): Promise<SelfCheck> {
  const found = await selfCheckAsk(db, serverLimits.selfCheckFindings);
  const checks = [...found].map(([check, subjects]) => ({
    check,
    findings: subjects.length,
    samples: subjects.slice(0, sampleCount),
  }));
  return { clean: checks.every(({ findings }) => findings === 0), checks };
}

export function selfCheckDuty(context: MasterContext): Duty {
  return {
    name: 'self-check',
    begin: (leader) => {
      const told = new Map<SelfCheckName, string>();
      return async () => {
        const { checks } = await selfCheck(context.db);
        for (const one of checks) await conclude(context, leader, one, told);
        return restMs;
      };
    },
  };
}

async function conclude(
  { identity, log, metrics, signals }: MasterContext,
  leader: Leader,
  { check, findings, samples }: SelfCheck['checks'][number],
  told: Map<SelfCheckName, string>,
): Promise<void> {
  metrics.set('tidewheel_self_check_findings', findings, { check });
  if (findings === 0) {
    told.delete(check);
    return;
  }
  const repair = selfCheckRepairs[check];
  const words = samples.join(' ');
  const news = told.get(check) !== words;
  const repaired = await leader.transaction(async (tx) => {
    const done = repair === undefined ? 0 : await repair(tx);
    const detail = { findings, samples, repaired: done };
    const event = { namespace: wholeCell, actor: 'self-check', action: 'self-check.finding', subject: check, detail };
    if (news || done > 0) await eventsAppend(tx, identity, [event]);
    return done;
  });
  if (news) log.error('the self-check found what must not be', { check, findings, samples: words, repaired });
  if (repaired > 0) metrics.add('tidewheel_self_check_repairs_total', repaired, { check });
  told.set(check, words);
  // Both services find the rest by themselves; they only sleep too long.
  if (check.startsWith('schedule')) signals.publish('schedules', null);
  else if (check !== 'run-without-lane') signals.publish('scheduled', null);
}
