// The backfills of a schedule with their progress, and the way to stop one.

import type { BackfillView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { backfillsQuery, isUnderWay } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { Meter } from '../parts/meter.tsx';
import { Ago, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { Card } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useToasts } from '../parts/toast.tsx';
import { useNamespace } from '../routing/navigation.tsx';

interface BackfillsCardProps {
  readonly schedule: string;
  readonly zone: string | null;
}

/** Nothing at all as long as there was none. */
export function BackfillsCard({ schedule, zone }: BackfillsCardProps) {
  const t = useT();
  const backfills = useInfiniteQuery(backfillsQuery(useNamespace(), schedule));
  const rows = backfills.data?.pages.flatMap((page) => page.items) ?? [];
  if (rows.length === 0 && backfills.error === null) return null;
  return (
    <Card title={t('backfill.title')} hint={t('backfill.hint')} flush>
      {backfills.error === null ? null : (
        <ProblemNote error={backfills.error} onRetry={() => void backfills.refetch()} />
      )}
      <ul className="rows">
        {rows.map((backfill) => (
          <li key={backfill.id}>
            <Backfill backfill={backfill} zone={zone} />
          </li>
        ))}
      </ul>
      {backfills.hasNextPage ? (
        <More
          shown={rows.length}
          hasMore
          busy={backfills.isFetchingNextPage}
          onMore={() => void backfills.fetchNextPage()}
        />
      ) : null}
    </Card>
  );
}

const looks = { running: ['live', 'play'], done: ['good', 'check'], canceled: ['warn', 'slash'] } as const;

function Backfill({ backfill, zone }: { readonly backfill: BackfillView; readonly zone: string | null }) {
  const t = useT();
  const [canceling, setCanceling] = useState(false);
  const { state, total, decided, leftOut, succeeded, unsuccessful, unfinished } = backfill;
  const [tone, icon] = looks[state];
  const ended = succeeded + unsuccessful + leftOut;
  const words = [
    t('backfill.succeeded', { count: succeeded }),
    ...(unsuccessful > 0 ? [t('backfill.unsuccessful', { count: unsuccessful })] : []),
    ...(unfinished > 0 ? [t('backfill.unfinished', { count: unfinished })] : []),
    ...(leftOut > 0 ? [t('backfill.leftOut', { count: leftOut })] : []),
  ];
  return (
    <div className="backfill">
      <div className="backfill-head">
        <Badge tone={tone} icon={icon} alive={state === 'running'}>
          {t(`backfill.state.${state}`)}
        </Badge>
        <span className="backfill-range">
          <Moment at={backfill.from} zone={zone} /> – <Moment at={backfill.to} zone={zone} />
        </span>
        <span className="faint">
          <Ago at={backfill.createdAt} /> · {backfill.createdBy}
        </span>
        {isUnderWay(backfill) ? (
          <Button small icon="stop" changes onPress={() => setCanceling(true)}>
            {t('backfill.cancel')}
          </Button>
        ) : null}
      </div>
      <Meter label={t('backfill.progress', { ended, total })} value={ended} max={total} towardsDone />
      <p className="faint">
        {t('backfill.decided', { decided, total })} · {words.join(' · ')}
        {backfill.reason === '' ? null : ` · ${backfill.reason}`}
      </p>
      {canceling ? <CancelDialog backfill={backfill} onClose={() => setCanceling(false)} /> : null}
    </div>
  );
}

function CancelDialog({ backfill, onClose }: { readonly backfill: BackfillView; readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const [reason, setReason] = useState('');
  const [runs, setRuns] = useState(false);
  const cancel = useAction({
    send: () =>
      request<BackfillView>(pathOf(backfill.namespace, 'backfills', backfill.id, 'cancel'), {
        method: 'POST',
        body: { reason: reason.trim(), runs },
      }),
    touches: ['schedules', 'runs'],
    onDone: () => {
      onClose();
      toasts.say(t('backfill.canceledToast'));
    },
  });
  return (
    <FormDialog
      title={t('backfill.cancelTitle')}
      onClose={onClose}
      onSubmit={() => cancel.run(undefined)}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="danger" type="submit" icon="stop" busy={cancel.busy}>
            {t('backfill.cancelConfirm')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('backfill.cancelHint')}</p>
      <label className="tick">
        <input type="checkbox" checked={runs} onChange={(event) => setRuns(event.target.checked)} />
        <span>{t('backfill.cancelRuns', { count: backfill.unfinished })}</span>
      </label>
      <Field label={t('reason.label')}>
        {(id) => <input id={id} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}
