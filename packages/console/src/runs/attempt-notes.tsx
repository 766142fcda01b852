// What went wrong in single attempts: the errors of those that were tried again, and reports that came too late to count.

import type { AttemptView, RunView } from '@tidewheel/protocol';
import { useT } from '../language/language.ts';
import { OutcomeBadge } from '../parts/badge.tsx';
import { Moment } from '../parts/moment.tsx';

export function AttemptNotes({ run, zone }: { readonly run: RunView; readonly zone: string | null }) {
  const t = useT();
  const noted = run.attempts.filter(
    (attempt) => attempt.refusedReport !== undefined || (attempt.error !== null && run.attempts.length > 1),
  );
  if (noted.length === 0) return null;
  return (
    <ul className="attempt-notes">
      {noted.map((attempt) => (
        <li key={attempt.attemptId}>
          <span className="faint">{t('timeline.attempt', { attempt: attempt.attempt })}</span>
          <div>
            {attempt.error === null ? null : (
              <p title={attempt.error.stack}>
                <code>{attempt.error.kind}</code> {attempt.error.message}
              </p>
            )}
            <LateReport attempt={attempt} zone={zone} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function LateReport({ attempt, zone }: { readonly attempt: AttemptView; readonly zone: string | null }) {
  const t = useT();
  const report = attempt.refusedReport;
  if (report === undefined) return null;
  return (
    <p className="soft">
      {t('run.lateReport')} <OutcomeBadge outcome={report.outcome} /> <Moment at={report.receivedAt} zone={zone} />
    </p>
  );
}
