// What the masters stand on: the store with its replicas, the coordinator with its members.

import type { ClusterStatus } from '@tidewheel/protocol';
import type { ReactNode } from 'react';
import { useT } from '../language/language.ts';
import { Card, Facts } from '../parts/page.tsx';
import { preciseSpan, span } from '../time/format.ts';

export function Foundation({ status: { store, coordinator } }: { readonly status: ClusterStatus }) {
  const t = useT();
  const took = (ms: number | null) => (ms === null ? t('cluster.noAnswer') : preciseSpan(ms, t));
  const engine = store.engine === 'sqlite' ? 'SQLite' : 'PostgreSQL';
  const kind = coordinator.kind === 'etcd' ? 'etcd' : t('cluster.coordinatorStore');
  const pairs: (readonly [name: string, value: ReactNode])[] = [
    [
      t('cluster.store'),
      [
        engine,
        t(`cluster.storeRole.${store.role}`),
        took(store.latencyMs),
        ...(store.timeline === null ? [] : [t('cluster.timeline', { timeline: store.timeline })]),
        ...(store.connections === null ? [] : [t('cluster.connections', store.connections)]),
      ].join(' · '),
    ],
    ...(store.engine === 'sqlite' ? [] : [[t('cluster.rpo'), rpoOf(store.durability, t)] as const]),
    ...store.replicas.map(({ name, state, sync, lagMs }): readonly [string, ReactNode] => [
      t('cluster.replica', { name }),
      [state, sync, ...(lagMs === null ? [] : [t('cluster.lag', { span: span(lagMs, t) })])].join(' · '),
    ]),
    // Masters of older versions do not say.
    ...((store as Partial<typeof store>).reads?.replicas ?? []).map(
      ({ name, serving, staleMs, trouble }): readonly [string, ReactNode] => [
        t('cluster.readsFrom', { name }),
        [
          serving ? t('cluster.serves') : t('cluster.leftOut'),
          ...(staleMs === null ? [] : [t('cluster.atMostOld', { span: span(staleMs, t) })]),
          ...(trouble === null ? [] : [t(`cluster.trouble.${trouble}`)]),
        ].join(' · '),
      ],
    ),
    [t('cluster.coordinator'), `${kind} · ${took(coordinator.latencyMs)}`],
    ...coordinator.members.map(({ endpoint, version, leads, trouble }): readonly [string, ReactNode] => [
      endpoint.replace(/^https?:\/\//, ''),
      trouble ??
        [
          leads === true ? t('cluster.memberLeads') : t('cluster.memberFollows'),
          ...(version === null ? [] : [version]),
        ].join(' · '),
    ]),
  ];
  return (
    <Card title={t('cluster.foundation')}>
      <Facts pairs={pairs} />
    </Card>
  );
}

/** What the loss of the primary would cost now. */
function rpoOf({ mode, rpoMs, synchronous }: ClusterStatus['store']['durability'], t: ReturnType<typeof useT>): string {
  if (mode === 'synchronous') return t('cluster.rpo.synchronous', { count: synchronous });
  if (mode !== 'asynchronous') return t(`cluster.rpo.${mode}`);
  return rpoMs === null
    ? t('cluster.rpo.asynchronousUnknown')
    : t('cluster.rpo.asynchronous', { span: span(rpoMs, t) });
}
