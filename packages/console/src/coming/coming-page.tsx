// What lies ahead: how many fires when, where they are more than the workers can do, and which schedules bring the most.

import type { ComingBucket, ComingFires } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { bucketOf, comingQuery } from '../api/times-queries.ts';
import { useT } from '../language/language.ts';
import { Segmented } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Moment } from '../parts/moment.tsx';
import { Card, Empty, Page } from '../parts/page.tsx';
import { Stat } from '../parts/stat.tsx';
import { Table } from '../parts/table.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { type ComingRange, comingRanges } from '../routing/route.ts';
import { SectionTabs } from '../schedules/section-tabs.tsx';
import { span } from '../time/format.ts';
import { isCrowded, topSchedules } from './heat.ts';
import { HeatMap } from './heat-map.tsx';

const ranges = Object.keys(comingRanges) as ComingRange[];
const schedulesShown = 8;
const crowdedShown = 8;

export function ComingPage({ range }: { readonly range: ComingRange }) {
  const t = useT();
  const go = useGoTo();
  const coming = useQuery(comingQuery(useNamespace(), range));
  return (
    <Page title={t('nav.coming')}>
      <SectionTabs />
      <div className="filters">
        <Segmented
          label={t('coming.range')}
          value={range}
          choices={ranges.map((one) => ({ value: one, text: t(`coming.range.${one}`) }))}
          onChange={(to) => go({ page: 'coming', range: to }, 'replace')}
        />
      </div>
      <Loaded query={coming}>{(loaded) => <Content key={range} coming={loaded} range={range} />}</Loaded>
    </Page>
  );
}

interface ContentProps {
  readonly coming: ComingFires;
  readonly range: ComingRange;
}

function Content({ coming, range }: ContentProps) {
  const t = useT();
  const [chosen, setChosen] = useState<number | null>(null);
  if (coming.fires === 0) {
    return (
      <Card>
        <Empty icon="coming" title={t('coming.empty')} hint={t('coming.emptyHint')} />
      </Card>
    );
  }
  const busiest = coming.buckets.reduce((most, one) => (one.fires > most.fires ? one : most));
  const bucket = coming.buckets.find(({ at }) => at === chosen) ?? busiest;
  return (
    <div className="column-main">
      <Notices coming={coming} />
      <Card title={t('coming.heat')} hint={t(`coming.heatHint.${range === '24h' ? 'day' : 'days'}`)}>
        <Figures coming={coming} />
        <HeatMap buckets={coming.buckets} range={range} chosen={bucket.at} onChoose={setChosen} />
        <BucketDetail bucket={bucket} bucketMs={bucketOf(range)} />
      </Card>
      <div className="pair">
        <Crowded coming={coming} onChoose={setChosen} />
        <Top coming={coming} />
      </div>
    </div>
  );
}

function Notices({ coming: { estimated, truncated, slots } }: { readonly coming: ComingFires }) {
  const t = useT();
  const notices = [
    ...(slots === 0 ? [t('coming.noWorkers')] : []),
    ...(estimated.length > 0 ? [t('coming.estimated', { names: estimated.join(', ') })] : []),
    ...(truncated ? [t('coming.truncated')] : []),
  ];
  return notices.map((text) => (
    <p key={text} className="notice tone-warn">
      <Icon name="warn" size={14} />
      {text}
    </p>
  ));
}

function Figures({ coming: { fires, schedules, slots, buckets } }: { readonly coming: ComingFires }) {
  const t = useT();
  const peak = Math.max(0, ...buckets.map((bucket) => bucket.peak));
  return (
    <dl className="figures">
      <Stat name={t('coming.fires')} value={fires.toLocaleString('en-US')} />
      <Stat name={t('coming.schedules')} value={schedules.toLocaleString('en-US')} />
      <Stat name={t('coming.peak')} value={peak.toLocaleString('en-US')} />
      <Stat name={t('coming.slots')} value={slots.toLocaleString('en-US')} />
    </dl>
  );
}

interface BucketDetailProps {
  readonly bucket: ComingBucket;
  readonly bucketMs: number;
}

function BucketDetail({ bucket: { at, fires, peak, workMs, load, top }, bucketMs }: BucketDetailProps) {
  const t = useT();
  return (
    <div className="bucket" role="status">
      <p>
        <strong>
          <Moment at={at} /> – <Moment at={at + bucketMs} />
        </strong>{' '}
        <span className="soft">{t('coming.bucket', { count: fires, peak, work: span(workMs, t) })}</span>{' '}
        <Load load={load} />
      </p>
      {top.length === 0 ? null : (
        <p className="bucket-top">
          {top.map((one) => (
            <Link key={one.schedule} to={{ page: 'schedule', name: one.schedule }} className="tag">
              {one.schedule} ×{one.fires}
            </Link>
          ))}
        </p>
      )}
    </div>
  );
}

function Load({ load }: { readonly load: number | null }) {
  const t = useT();
  if (load === null) return null;
  const words = t('coming.load', { percent: Math.round(load * 100) });
  return <span className={load > 1 ? 'tone-bad-text' : 'faint'}>{words}</span>;
}

interface CrowdedProps {
  readonly coming: ComingFires;
  readonly onChoose: (at: number) => void;
}

function Crowded({ coming: { buckets }, onChoose }: CrowdedProps) {
  const t = useT();
  const crowded = buckets.filter(isCrowded);
  const worst = crowded.toSorted((a, b) => (b.load ?? 0) - (a.load ?? 0)).slice(0, crowdedShown);
  return (
    <Card title={t('coming.crowded')} hint={t('coming.crowdedHint')} flush>
      {worst.length === 0 ? (
        <Empty icon="check" title={t('coming.roomy')} />
      ) : (
        <ul className="rows">
          {worst.map((bucket) => (
            <li key={bucket.at}>
              <button type="button" className="row" onClick={() => onChoose(bucket.at)}>
                <span className="row-icon tone-bad">
                  <Icon name="warn" size={12} />
                </span>
                <span className="row-main">
                  <span>
                    <Moment at={bucket.at} />
                  </span>
                  <span className="faint">{bucket.top[0]?.schedule}</span>
                </span>
                <Load load={bucket.load} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Top({ coming }: { readonly coming: ComingFires }) {
  const t = useT();
  return (
    <Card title={t('coming.top')} flush>
      <Table
        label={t('coming.top')}
        rows={topSchedules(coming, schedulesShown)}
        keyOf={({ schedule }) => schedule}
        linkOf={({ schedule }) => ({ page: 'schedule', name: schedule })}
        columns={[
          {
            key: 'name',
            title: t('schedule.name'),
            look: 'lead',
            cell: ({ schedule, job }) => (
              <span className="stack">
                <Link to={{ page: 'schedule', name: schedule }} className="name-link">
                  {schedule}
                </Link>
                <span className="faint">{job}</span>
              </span>
            ),
          },
          {
            key: 'fires',
            title: t('coming.fires'),
            look: 'number',
            cell: ({ fires }) => fires.toLocaleString('en-US'),
          },
          { key: 'work', title: t('coming.work'), look: 'number', cell: ({ workMs }) => span(workMs, t) },
        ]}
      />
    </Card>
  );
}
