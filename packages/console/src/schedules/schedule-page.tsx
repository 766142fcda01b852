// One schedule: when it fires and why so, what became of each nominal time, what comes next, and runs made for its past.

import type { ScheduleView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { scheduleQuery } from '../api/queries.ts';
import { previewQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { ScheduleBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { JsonBlock } from '../parts/code.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { places } from '../routing/route.ts';
import { AuditCard } from './audit-card.tsx';
import { BackfillDialog } from './backfill-dialog.tsx';
import { BackfillsCard } from './backfills-card.tsx';
import { Ledger } from './fire-ledger.tsx';
import { PreviewList, Warnings } from './preview-list.tsx';
import { ScheduleActions } from './schedule-actions.tsx';
import { Summary } from './schedule-summary.tsx';
import { zoneOf } from './schedule-words.ts';

export function SchedulePage({ name }: { readonly name: string }) {
  const t = useT();
  const schedule = useQuery(scheduleQuery(useNamespace(), name));
  const { data } = schedule;
  const trail = <Link to={places.schedules}>{t('schedules.title')}</Link>;
  return (
    <Page
      title={name}
      trail={trail}
      {...(data === undefined
        ? {}
        : { beside: <ScheduleBadge state={data.state} />, actions: <Actions schedule={data} /> })}
    >
      <Loaded query={schedule}>{(loaded) => <Content schedule={loaded} />}</Loaded>
    </Page>
  );
}

function Actions({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  return (
    <>
      {/* A fixed delay counts from its runs: it has no times in the past. */}
      {schedule.definition['delay'] === undefined ? (
        <Button icon="retry" changes onPress={() => setAsking(true)}>
          {t('backfill.new')}
        </Button>
      ) : null}
      <ScheduleActions schedule={schedule} />
      {asking ? <BackfillDialog schedule={schedule} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function Content({ schedule }: { readonly schedule: ScheduleView }) {
  const t = useT();
  const preview = useQuery(previewQuery(useNamespace(), schedule.name));
  return (
    <div className="detail">
      {schedule.state === 'paused' ? (
        <p className="notice tone-warn">
          <Icon name="pause" size={14} />
          {t('schedule.pausedBy', { who: schedule.pausedBy ?? '', reason: schedule.pausedReason ?? '' })}
        </p>
      ) : null}
      <Warnings warnings={preview.data?.warnings ?? []} />
      <div className="columns">
        <div className="column-main">
          <BackfillsCard schedule={schedule.name} zone={zoneOf(schedule.definition)} />
          <Ledger schedule={schedule} />
        </div>
        <div className="column-side">
          <Summary schedule={schedule} />
          <Card
            title={t('schedule.upcoming')}
            {...(schedule.state === 'paused' ? { hint: t('preview.ifResumed') } : {})}
          >
            <Loaded query={preview}>{(loaded) => <PreviewList preview={loaded} />}</Loaded>
          </Card>
          <AuditCard schedule={schedule} />
          <Card title={t('schedule.definition')}>
            <JsonBlock value={schedule.definition} label={t('schedule.definition')} />
          </Card>
        </div>
      </div>
    </div>
  );
}
