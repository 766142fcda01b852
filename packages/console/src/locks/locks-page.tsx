// Who holds which lock, since when and for how long yet, and the way to take one from a holder that cannot be asked.

import type { LockView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { locksQuery, pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { IconButton } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { Segmented } from '../parts/field.tsx';
import { Countdown, Elapsed } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { ReasonDialog } from '../parts/reason-dialog.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useToasts } from '../parts/toast.tsx';
import { useGoTo, useNamespace } from '../routing/navigation.tsx';
import { span } from '../time/format.ts';

export function LocksPage({ all }: { readonly all: boolean }) {
  const t = useT();
  const go = useGoTo();
  const namespace = useNamespace();
  const [taking, setTaking] = useState<LockView | null>(null);
  const columns = useColumns(setTaking);
  const locks = useInfiniteQuery({ ...locksQuery(namespace, all), placeholderData: (before) => before });
  const rows = locks.data?.pages.flatMap((page) => page.items);
  const held = rows?.filter(({ state }) => state === 'held').length ?? 0;
  return (
    <Page
      title={t('locks.title')}
      {...(held === 0
        ? {}
        : {
            beside: (
              <Badge tone="mute" icon="locks">
                {t('locks.held', { count: held })}
              </Badge>
            ),
          })}
    >
      <div className="filters">
        <Segmented
          label={t('locks.show')}
          value={all ? 'all' : 'held'}
          choices={[
            { value: 'held', text: t('locks.showHeld') },
            { value: 'all', text: t('locks.showAll') },
          ]}
          onChange={(show) => go({ page: 'locks', all: show === 'all' })}
        />
      </div>
      {locks.error === null ? null : <ProblemNote error={locks.error} onRetry={() => void locks.refetch()} />}
      {rows === undefined && locks.error === null ? <Loading /> : null}
      {rows === undefined ? null : (
        <Card flush>
          {rows.length === 0 ? (
            <Empty icon="locks" title={t('locks.empty')} hint={t('locks.emptyHint')}>
              <CodeBlock text={`tidewheel lock run reports/daily -n ${namespace} -- ./export.sh`} />
            </Empty>
          ) : (
            <>
              <Table label={t('locks.title')} columns={columns} rows={rows} keyOf={(lock) => lock.name} />
              <More
                shown={rows.length}
                hasMore={locks.hasNextPage}
                busy={locks.isFetchingNextPage}
                onMore={() => void locks.fetchNextPage()}
              />
            </>
          )}
        </Card>
      )}
      {taking === null ? null : <ForceDialog lock={taking} onClose={() => setTaking(null)} />}
    </Page>
  );
}

function useColumns(onTake: (lock: LockView) => void): Column<LockView>[] {
  const t = useT();
  return [
    {
      key: 'name',
      title: t('locks.name'),
      look: 'lead',
      cell: ({ name, label }) => (
        <span className="stack">
          <span className="name">{name}</span>
          {label === null ? null : <span className="faint">{label}</span>}
        </span>
      ),
    },
    { key: 'holder', title: t('locks.holder'), cell: (lock) => <Holder lock={lock} /> },
    {
      key: 'token',
      title: t('locks.token'),
      look: 'number',
      hint: t('locks.tokenHint'),
      cell: ({ token }) => token,
    },
    {
      key: 'age',
      title: t('locks.age'),
      look: 'number',
      cell: ({ state, acquiredAt }) => (state === 'held' ? <Elapsed from={acquiredAt} to={null} /> : <None />),
    },
    {
      key: 'left',
      title: t('locks.left'),
      look: 'number',
      hint: t('locks.leftHint'),
      cell: ({ expiresAt, ttlMs }) =>
        expiresAt === null ? (
          <None />
        ) : (
          <span className="inline">
            <Countdown at={expiresAt} />
            <span className="faint">{t('locks.ofTtl', { span: span(ttlMs, t) })}</span>
          </span>
        ),
    },
    {
      key: 'force',
      title: t('locks.force'),
      look: 'controls',
      cell: (lock) =>
        lock.state === 'held' ? (
          <IconButton icon="unlock" label={`${t('locks.force')}: ${lock.name}`} changes onPress={() => onTake(lock)} />
        ) : null,
    },
  ];
}

function Holder({ lock: { state, owner, sessionId } }: { readonly lock: LockView }) {
  const t = useT();
  if (state === 'free')
    return (
      <Badge tone="mute" icon="unlock">
        {t('locks.free')}
      </Badge>
    );
  return (
    <span className="stack">
      <span>{owner}</span>
      {sessionId === null ? null : (
        <span className="faint" title={t('locks.boundHint')}>
          {t('locks.bound')}
        </span>
      )}
    </span>
  );
}

function ForceDialog({ lock, onClose }: { readonly lock: LockView; readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const namespace = useNamespace();
  const { name } = lock;
  const owner = lock.owner ?? '';
  const force = useAction({
    send: (reason: string) =>
      request<LockView>(pathOf(namespace, 'locks', name, 'force-release'), { method: 'POST', body: { reason } }),
    touches: ['locks'],
    onDone: (before) => {
      onClose();
      toasts.say(t('locks.forcedToast', { name, owner: before.owner ?? owner }));
    },
  });
  return (
    <ReasonDialog
      title={t('locks.forceTitle', { name })}
      hint={t('locks.forceHint', { owner })}
      placeholder={t('locks.forcePlaceholder')}
      confirm={t('locks.force')}
      icon="unlock"
      danger
      busy={force.busy}
      onClose={onClose}
      onConfirm={force.run}
    />
  );
}
