// The last day of a schedule held against what should have fired: how many, how late, skipped why, and whether anything is amiss. What the
// standing audit found and nobody has acknowledged stands below, until somebody does.

import type { FireAuditRow, FireFinding, ScheduleView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { auditQuery, findingsQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Ago, Moment } from '../parts/moment.tsx';
import { Card, Facts } from '../parts/page.tsx';
import { useNamespace } from '../routing/navigation.tsx';
import { useNow } from '../time/clock.ts';
import { span } from '../time/format.ts';
import { Acknowledge } from './acknowledge.tsx';
import { reasonWords } from './schedule-words.ts';

/** The audit looks at what lies some seconds back; before that, there is nothing to ask for. */
const youngMs = 8_000;

export function AuditCard({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const isYoung = useNow(5_000) - schedule.createdAt < youngMs;
  const audit = useQuery({ ...auditQuery(useNamespace(), schedule.name), enabled: !isYoung });
  const findings = useQuery(findingsQuery(useNamespace()));
  const finding = findings.data?.items.find((one) => one.schedule === schedule.name);
  if (isYoung) return null;
  return (
    <Card title={t('audit.title')} hint={t('audit.lastDay')}>
      <Loaded query={audit}>
        {({ schedules: [row] }) =>
          row === undefined ? <p className="faint">{t('audit.nothing')}</p> : <Row row={row} />
        }
      </Loaded>
      {finding === undefined ? null : <Finding finding={finding} />}
    </Card>
  );
}

function Finding({
  finding: { schedule, missing, doubled, unexpected, samples, foundAt },
}: {
  readonly finding: FireFinding;
}) {
  const t = useT();
  return (
    <div className="audit-finding">
      <p>
        {t('findings.counts', { missing, doubled, unexpected })} <Ago at={foundAt} />
      </p>
      <ul className="faint">
        {samples.map(({ fireAt, finding }) => (
          <li key={`${finding} ${fireAt}`}>
            <Moment at={fireAt} /> {t(`findings.kind.${finding}`)}
          </li>
        ))}
      </ul>
      <Acknowledge schedule={schedule} />
    </div>
  );
}

function Row({ row }: { readonly row: FireAuditRow }) {
  const t = useT();
  const { missing, doubled, unexpected, fired, lateMaxMs, lateP99Ms } = row;
  const amiss = missing + doubled + unexpected;
  const skipped = Object.entries(row.skippedBy).map(([reason, count]) => (
    <span key={reason}>
      {count} · {reasonWords(reason, t)}
    </span>
  ));
  return (
    <>
      <p className="audit-verdict">
        {amiss === 0 ? (
          <Badge tone="good" icon="check">
            {t('audit.clean')}
          </Badge>
        ) : (
          <Badge tone="bad" icon="cross">
            {t('audit.amiss', { missing, doubled, unexpected })}
          </Badge>
        )}
      </p>
      <Facts
        pairs={[
          [t('audit.expected'), t('audit.counts', { expected: row.expected, fired })],
          [t('audit.skipped'), skipped.length === 0 ? null : <span className="stack">{skipped}</span>],
          [t('audit.caughtUp'), row.caughtUp === 0 ? null : row.caughtUp],
          [
            t('audit.late'),
            fired === 0 ? null : t('audit.lateText', { p99: span(lateP99Ms, t), most: span(lateMaxMs, t) }),
          ],
        ]}
      />
    </>
  );
}
