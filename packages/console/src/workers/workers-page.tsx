// The workers that are connected, with what they can do, how busy they are, and the way to send one home.

import type { WorkerView } from '@tidewheel/protocol';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf, workersQuery } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { workerCommands } from '../overview/first-job.ts';
import { WorkerBadge } from '../parts/badge.tsx';
import { Button } from '../parts/button.tsx';
import { CodeBlock } from '../parts/code.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Meter } from '../parts/meter.tsx';
import { Ago, Moment } from '../parts/moment.tsx';
import { More } from '../parts/more.tsx';
import { None } from '../parts/none.tsx';
import { Card, Empty, Facts, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Stat } from '../parts/stat.tsx';
import { useToasts } from '../parts/toast.tsx';
import { Link, useNamespace } from '../routing/navigation.tsx';
import { anyRun, places } from '../routing/route.ts';
import { preciseSpan, span } from '../time/format.ts';

export function WorkersPage() {
  const t = useT();
  const namespace = useNamespace();
  const workers = useInfiniteQuery(workersQuery(namespace));
  const { error } = workers;
  const rows = workers.data?.pages.flatMap((page) => page.items);
  const live = rows?.filter((worker) => worker.state !== 'dead') ?? [];
  return (
    <Page title={t('workers.title')} actions={<Link to={places.pools}>{t('pools.title')}</Link>}>
      {error === null ? null : <ProblemNote error={error} onRetry={() => void workers.refetch()} />}
      {rows === undefined && error === null ? <Loading /> : null}
      {rows !== undefined && live.length === 0 ? (
        <Card>
          <Empty icon="workers" title={t('workers.empty')} hint={t('workers.emptyHint')}>
            <CodeBlock text={workerCommands(location.origin, namespace)} />
          </Empty>
        </Card>
      ) : null}
      <div className="units">
        {rows?.toSorted(liveFirst).map((worker) => (
          <WorkerCard key={worker.sessionId} worker={worker} />
        ))}
      </div>
      <More
        shown={rows?.length ?? 0}
        hasMore={workers.hasNextPage}
        busy={workers.isFetchingNextPage}
        onMore={() => void workers.fetchNextPage()}
      />
    </Page>
  );
}

const order = { live: 0, draining: 1, dead: 2 } as const;

function liveFirst(a: WorkerView, b: WorkerView): number {
  return order[a.state] - order[b.state] || a.worker.localeCompare(b.worker);
}

function WorkerCard({ worker }: { readonly worker: WorkerView }) {
  const t = useT();
  const [draining, setDraining] = useState(false);
  if (worker.state === 'dead') return <GoneWorker worker={worker} />;
  return (
    <article className="card unit" aria-label={worker.worker}>
      <header className="unit-head">
        <h2 className="name">{worker.worker}</h2>
        <WorkerBadge state={worker.state} />
        {worker.state === 'live' ? (
          <Button small icon="drain" changes onPress={() => setDraining(true)}>
            {t('worker.drain')}
          </Button>
        ) : null}
      </header>
      <div className="worker-slots">
        <span>
          {t('worker.slots')}{' '}
          <strong className="number">{t('worker.slotsUsed', { running: worker.running, slots: worker.slots })}</strong>
        </span>
        <Link to={{ page: 'runs', filter: { ...anyRun, worker: worker.worker } }}>{t('worker.runs')}</Link>
        <Meter
          label={t('worker.slotsUsed', { running: worker.running, slots: worker.slots })}
          value={worker.running}
          max={worker.slots}
        />
      </div>
      <WorkerStats worker={worker} />
      <WorkerFacts worker={worker} />
      {draining ? <DrainDialog worker={worker} onClose={() => setDraining(false)} /> : null}
    </article>
  );
}

function WorkerStats({ worker }: { readonly worker: WorkerView }) {
  const t = useT();
  const { cpu, memoryBytes, loopLagMs, roundTripMs } = worker.stats;
  return (
    <dl className="unit-stats">
      <Stat name={t('worker.cpu')} value={cpu === undefined ? <None /> : `${Math.round(cpu * 100)}%`} />
      <Stat name={t('worker.memory')} value={memoryBytes === undefined ? <None /> : megabytes(memoryBytes)} />
      <Stat name={t('worker.lag')} value={loopLagMs === undefined ? <None /> : span(loopLagMs, t)} />
      <Stat name={t('worker.roundTrip')} value={roundTripMs === undefined ? <None /> : preciseSpan(roundTripMs, t)} />
      <Stat name={t('worker.seen')} value={<Ago at={worker.lastSeenAt} />} />
    </dl>
  );
}

function WorkerFacts({ worker }: { readonly worker: WorkerView }) {
  const t = useT();
  const labels = Object.entries(worker.labels);
  return (
    <Facts
      pairs={[
        [t('worker.host'), `${worker.host} · ${t('worker.pid', { pid: String(worker.pid) })}`],
        [t('worker.queues'), <Tags words={worker.queues} />],
        [t('worker.handlers'), <Tags words={worker.handlers} />],
        [
          t('worker.labels'),
          labels.length === 0 ? null : <Tags words={labels.map(([key, value]) => `${key}=${value}`)} />,
        ],
        [t('worker.since'), <Moment at={worker.createdAt} />],
        [t('worker.version'), worker.version],
      ]}
    />
  );
}

/** One that went is a line to remember it by. */
function GoneWorker({ worker }: { readonly worker: WorkerView }) {
  const t = useT();
  return (
    <article className="card unit unit-gone" aria-label={worker.worker}>
      <header className="unit-head">
        <h2 className="name">{worker.worker}</h2>
        <WorkerBadge state={worker.state} />
        <span className="faint unit-seen">
          {t('worker.seen')} <Ago at={worker.lastSeenAt} />
        </span>
      </header>
      <p className="faint">
        {worker.host} · {t('worker.pid', { pid: String(worker.pid) })} ·{' '}
        <Link to={{ page: 'runs', filter: { ...anyRun, worker: worker.worker } }}>{t('worker.runs')}</Link>
      </p>
    </article>
  );
}

/** More than this and the card would be all tags. */
const shownTags = 12;

function Tags({ words }: { readonly words: readonly string[] }) {
  return (
    <span className="tags">
      {words.slice(0, shownTags).map((word) => (
        <code key={word} className="tag">
          {word}
        </code>
      ))}
      {words.length > shownTags ? (
        <span className="faint" title={words.slice(shownTags).join('\n')}>
          +{words.length - shownTags}
        </span>
      ) : null}
    </span>
  );
}

function megabytes(bytes: number): string {
  const mib = bytes / 1_048_576;
  return mib >= 1024 ? `${(mib / 1024).toFixed(1)} GiB` : `${Math.round(mib)} MiB`;
}

function DrainDialog({ worker, onClose }: { readonly worker: WorkerView; readonly onClose: () => void }) {
  const t = useT();
  const toasts = useToasts();
  const namespace = useNamespace();
  const drain = useAction({
    send: () => request<unknown>(pathOf(namespace, 'workers', worker.sessionId, 'drain'), { method: 'POST' }),
    touches: ['workers'],
    onDone: () => {
      onClose();
      toasts.say(t('worker.drainedToast', { name: worker.worker }));
    },
  });
  return (
    <FormDialog
      title={t('worker.drainTitle', { name: worker.worker })}
      onClose={onClose}
      onSubmit={() => drain.run(undefined)}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" icon="drain" busy={drain.busy}>
            {t('worker.drain')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('worker.drainHint', { count: worker.running })}</p>
    </FormDialog>
  );
}
