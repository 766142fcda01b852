// What a restored store does not know, and the choice of what becomes of it. Nothing is shown when there is nothing to choose.

import type { GapChoice, GapView } from '@tidewheel/protocol';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { clusterQuery, gapQuery } from '../api/queries.ts';
import { ApiProblem, request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { Segmented } from '../parts/field.tsx';
import { Moment } from '../parts/moment.tsx';
import { None } from '../parts/none.tsx';
import { Card, Facts } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { Table } from '../parts/table.tsx';
import { useToasts } from '../parts/toast.tsx';

export function GapCard() {
  const open = useQuery(clusterQuery).data?.degraded.some(({ what }) => what === 'restore-gap') === true;
  const gap = useQuery({ ...gapQuery, enabled: open });
  if (!open) return null;
  // Closed since the cluster was asked.
  if (gap.error !== null && !(gap.error instanceof ApiProblem && gap.error.status === 404))
    return <ProblemNote error={gap.error} onRetry={() => void gap.refetch()} />;
  return gap.data === undefined || gap.error !== null ? null : <Gap gap={gap.data} />;
}

function Gap({ gap }: { readonly gap: GapView }) {
  const t = useT();
  const [choosing, setChoosing] = useState(false);
  const { choice, reports, schedules, unfinished } = gap;
  const runs = Object.values(unfinished).reduce((sum, count) => sum + count, 0);
  return (
    <Card
      title={t('gap.title')}
      hint={t('gap.hint')}
      actions={
        choice === null ? (
          <Button kind="primary" icon="check" changes="cell" onPress={() => setChoosing(true)}>
            {t('gap.choose')}
          </Button>
        ) : undefined
      }
    >
      {choice === null ? null : (
        <p role="status">
          {t(`gap.${choice.gap}`)} · {t('gap.chosen', { by: choice.by })}
        </p>
      )}
      <Facts
        pairs={[
          [t('gap.from'), <Moment key="from" at={gap.from} />],
          [t('gap.restored'), <Moment key="restored" at={gap.restoredAt} />],
          [t('gap.unfinished'), String(runs)],
          [t('gap.reports'), t('gap.reportsCount', { count: reports.length })],
        ]}
      />
      {schedules.length === 0 ? (
        <p className="faint">{t('gap.noneMissed')}</p>
      ) : (
        <Table
          label={t('gap.schedules')}
          rows={schedules}
          keyOf={({ namespace, schedule }) => `${namespace}/${schedule}`}
          columns={[
            {
              key: 'schedule',
              title: t('gap.schedules'),
              look: 'lead',
              cell: ({ namespace, schedule }) => (
                <span className="stack">
                  <span className="name">{schedule}</span>
                  <span className="faint">{namespace}</span>
                </span>
              ),
            },
            { key: 'missed', title: t('gap.missed'), look: 'number', cell: ({ missed }) => String(missed) },
            {
              key: 'newest',
              title: t('gap.latest'),
              cell: ({ newest }) => (newest === null ? <None /> : <Moment at={newest} />),
            },
          ]}
        />
      )}
      {choosing ? <ChooseDialog onClose={() => setChoosing(false)} /> : null}
    </Card>
  );
}

type Unfinished = 'again' | 'lost';

function ChooseDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const client = useQueryClient();
  const [gap, setGap] = useState<GapChoice>('skip');
  const [unfinished, setUnfinished] = useState<Unfinished>('again');
  const choose = useAction({
    send: (reason: string) =>
      request<GapView>('/v1/restore-gap/close', { method: 'POST', body: { gap, unfinished, reason } }),
    touches: ['cluster'],
    onDone: (chosen) => {
      client.setQueryData(gapQuery.queryKey, chosen);
      onClose();
      toasts.say(t('gap.closed'));
    },
  });
  return (
    <ReasonDialog
      title={t('gap.chooseTitle')}
      hint={t('gap.chooseHint')}
      placeholder={t('gap.placeholder')}
      confirm={t('gap.choose')}
      icon="check"
      danger
      busy={choose.busy}
      onClose={onClose}
      onConfirm={choose.run}
    >
      <p className="soft" aria-hidden="true">
        {t('gap.times')}
      </p>
      <Segmented
        label={t('gap.times')}
        value={gap}
        choices={[
          { value: 'skip', text: t('gap.skip') },
          { value: 'last', text: t('gap.last') },
          { value: 'all', text: t('gap.all') },
        ]}
        onChange={setGap}
      />
      <p className="soft" aria-hidden="true">
        {t('gap.runs')}
      </p>
      <Segmented
        label={t('gap.runs')}
        value={unfinished}
        choices={[
          { value: 'again', text: t('gap.again') },
          { value: 'lost', text: t('gap.lost') },
        ]}
        onChange={setUnfinished}
      />
      <p className="faint">{t('gap.runsHint')}</p>
    </ReasonDialog>
  );
}
