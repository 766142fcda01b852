// How large the store is, what is large in it, and how long there will be room.

import type { StoreStatus } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { storeQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Badge } from '../parts/badge.tsx';
import { bytesText } from '../parts/bytes-text.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Meter } from '../parts/meter.tsx';
import { Moment } from '../parts/moment.tsx';
import { Card, Facts } from '../parts/page.tsx';
import { Table } from '../parts/table.tsx';

const shownTables = 6;

export function StoreCard() {
  const t = useT();
  const status = useQuery(storeQuery);
  return (
    <Card title={t('store.title')}>
      <Loaded query={status}>{(loaded) => <Content status={loaded} />}</Loaded>
    </Card>
  );
}

function Content({ status }: { readonly status: StoreStatus }) {
  const t = useT();
  const { usedBytes, reusableBytes, freeBytes, freeOf, level, reserveBytes, growthBytesPerDay, fullAt, lastPass } =
    status;
  const free =
    freeBytes === null ? t('store.freeUnknown') : t(`store.freeOf.${freeOf ?? 'disk'}`, { size: bytesText(freeBytes) });
  const again = reusableBytes > 0 ? ` · ${t('store.reusable', { size: bytesText(reusableBytes) })}` : '';
  const pairs: (readonly [name: string, value: ReactNode])[] = [
    [
      t('store.level'),
      <Badge
        key="level"
        icon={level === 'ok' ? 'check' : 'warn'}
        tone={level === 'ok' ? 'good' : level === 'filling' ? 'warn' : 'bad'}
      >
        {t(`store.level.${level}`)}
      </Badge>,
    ],
    [t('store.used'), `${bytesText(usedBytes)}${again}`],
    [t('store.free'), free],
    [t('store.reserve'), bytesText(reserveBytes)],
    [
      t('store.growth'),
      growthBytesPerDay === null ? t('store.growthUnknown') : t('store.perDay', { size: bytesText(growthBytesPerDay) }),
    ],
    [t('store.full'), fullAt === null ? t('store.notInSight') : <Moment key="full" at={fullAt} />],
    [t('store.removed'), lastPass === null ? t('store.nothingRemoved') : <Removed key="removed" pass={lastPass} />],
  ];
  return (
    <>
      {freeBytes === null ? null : (
        <Meter label={t('store.used')} value={usedBytes} max={usedBytes + Math.max(0, freeBytes - reserveBytes)} />
      )}
      <Facts pairs={pairs} />
      <Table
        label={t('store.tables')}
        rows={status.tables.slice(0, shownTables)}
        keyOf={({ table }) => table}
        columns={[
          { key: 'table', title: t('store.table'), look: 'lead', cell: ({ table }) => <code>{table}</code> },
          { key: 'size', title: t('store.size'), look: 'number', cell: ({ bytes }) => bytesText(bytes) },
          {
            key: 'rows',
            title: t('store.rows'),
            look: 'number',
            cell: ({ rows }) => Math.round(rows).toLocaleString('en'),
          },
        ]}
      />
      {status.estimated ? <p className="faint">{t('store.estimated')}</p> : null}
    </>
  );
}

function Removed({ pass: { at, runs, fires } }: { readonly pass: NonNullable<StoreStatus['lastPass']> }) {
  const t = useT();
  return (
    <>
      <Moment at={at} /> · {t('store.removedCounts', { runs: String(runs), fires: String(fires) })}
    </>
  );
}
