// One run: its state with a live clock, why it waits, where its time went, what it wrote, what went in and came out.

import type { RunView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { runQuery, scheduleQuery } from '../api/queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { LogView } from '../log/log-view.tsx';
import { RunBadge } from '../parts/badge.tsx';
import { CopyButton, JsonBlock } from '../parts/code.tsx';
import { Icon } from '../parts/icon.tsx';
import { Ago, Moment, useZone } from '../parts/moment.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Card, Facts, Page } from '../parts/page.tsx';
import { Link, useGoTo, useNamespace } from '../routing/navigation.tsx';
import { anyRun, places } from '../routing/route.ts';
import { zoneOf } from '../schedules/schedule-words.ts';
import { usePreferences } from '../shell/preferences.ts';
import { serverNow, useNow } from '../time/clock.ts';
import { shortInstant, span } from '../time/format.ts';
import { AttemptNotes } from './attempt-notes.tsx';
import { RunActions } from './run-actions.tsx';
import { Trigger } from './run-table.tsx';
import { isFinal, toneOfRun } from './states.ts';
import { TimelineChart } from './timeline-chart.tsx';
import { waitingInChinese, withInstants } from './waiting-zh.ts';

interface RunPageProps {
  readonly id: string;
  readonly attempt: number | null;
}

export function RunPage({ id, attempt }: RunPageProps) {
  const t = useT();
  const run = useQuery(runQuery(useNamespace(), id));
  const { data } = run;
  const trail = (
    <>
      <Link to={places.runs}>{t('runs.title')}</Link>
      <span aria-hidden="true">/</span>
      <code>{id}</code>
      <CopyButton text={() => id} />
    </>
  );
  return (
    <Page
      title={data?.job ?? t('fire.run')}
      trail={trail}
      {...(data === undefined ? {} : { beside: <Headline run={data} />, actions: <RunActions run={data} /> })}
    >
      <Loaded query={run}>{(loaded) => <Content run={loaded} attempt={attempt} />}</Loaded>
    </Page>
  );
}

/** The state, and the one duration that matters in it, moving while it moves. */
function Headline({ run }: { readonly run: RunView }) {
  return (
    <>
      <RunBadge state={run.state} />
      <span className="clock">
        <HeadlineTime run={run} />
      </span>
    </>
  );
}

function HeadlineTime({ run }: { readonly run: RunView }) {
  const t = useT();
  const now = useNow(1_000);
  const whole = (ms: number) => span(Math.max(0, Math.floor(ms / 1_000)) * 1_000, t);
  if (run.finishedAt !== null) {
    return run.startedAt === null
      ? null
      : t('run.took', { span: span(Math.max(0, run.finishedAt - run.startedAt), t) });
  }
  if (run.state === 'running') return t('run.elapsed', { span: whole(now - (run.startedAt ?? now)) });
  if (run.state === 'scheduled') return t('run.startsIn', { span: whole(run.dueAt - now) });
  return t('run.waited', { span: whole(now - run.dueAt) });
}

function Content({ run, attempt }: { readonly run: RunView; readonly attempt: number | null }) {
  const t = useT();
  const go = useGoTo();
  const zone = useRunZone(run);
  return (
    <div className="detail">
      <Waiting run={run} />
      {run.error === null ? null : <Failure run={run} />}
      <div className="columns">
        <div className="column-main">
          <Card title={t('run.timeline')}>
            <TimelineChart run={run} />
            <AttemptNotes run={run} zone={zone} />
          </Card>
          <Card title={t('run.log')} flush>
            <LogView
              key={run.id}
              run={run}
              attempt={attempt}
              zone={zone}
              onAttempt={(number) => go({ page: 'run', id: run.id, attempt: number }, 'replace')}
            />
          </Card>
        </div>
        <div className="column-side">
          <About run={run} zone={zone} />
          <Data run={run} />
        </div>
      </div>
    </div>
  );
}

/** The zone of the schedule that made the run, when the reader wants times in it. */
function useRunZone(run: RunView): string | null {
  const { time } = usePreferences();
  const schedule = useQuery({
    ...scheduleQuery(run.namespace, run.schedule ?? ''),
    enabled: time === 'job' && run.schedule !== null,
    retry: false,
  });
  return schedule.data === undefined ? null : zoneOf(schedule.data.definition);
}

function Waiting({ run }: { readonly run: RunView }) {
  const t = useT();
  const words = useWaitingWords(run);
  if (isFinal(run.state) || (words === null && run.cancelRequestedAt === null)) return null;
  return (
    <div className={`notice tone-${toneOfRun(run.state)}`} role="status">
      <Icon name="hourglass" size={14} />
      <div>
        {words === null ? null : (
          <p>
            <strong>{t('run.waitingFor')}:</strong> {words}
          </p>
        )}
        {run.cancelRequestedAt === null ? null : (
          <p>
            {t('run.cancelWanted')} <Ago at={run.cancelRequestedAt} />
          </p>
        )}
      </div>
    </div>
  );
}

/** The server's sentence is exact; where it has none, the state says something too. */
function useWaitingWords(run: RunView): string | null {
  const t = useT();
  const language = useLanguage();
  const zone = useZone();
  if (run.waitingFor !== null) {
    const known = language === 'zh' ? waitingInChinese(run.waitingFor) : null;
    return withInstants(known ?? run.waitingFor, (at) => shortInstant(at, zone, serverNow()));
  }
  if (isFinal(run.state) || run.state === 'running') return null;
  if (run.state === 'scheduled' && run.attempts.length > 0)
    return t('waiting.backoff', { attempt: run.attempts.length });
  return t(`waiting.${run.state as 'scheduled' | 'ready' | 'blocked'}`);
}

function Failure({ run }: { readonly run: RunView }) {
  const t = useT();
  const { error } = run;
  if (error === null) return null;
  return (
    <div className={`failure tone-${toneOfRun(run.state)}`} role="group" aria-label={t('run.error')}>
      <p>
        <Icon name="cross" size={14} /> <code>{error.kind}</code>{' '}
        <span className="failure-message">{error.message}</span>
        <CopyButton text={() => error.stack ?? error.message} />
      </p>
      {error.stack === undefined ? null : (
        <details>
          <summary>{t('run.stack')}</summary>
          <pre>{error.stack}</pre>
        </details>
      )}
    </div>
  );
}

function About({ run, zone }: { readonly run: RunView; readonly zone: string | null }) {
  const t = useT();
  const moment = (at: number | null) => (at === null ? null : <Moment at={at} zone={zone} />);
  return (
    <Card>
      <Facts
        pairs={[
          [t('run.job'), <Link to={{ page: 'job', name: run.job }}>{run.job}</Link>],
          [t('run.trigger'), <Trigger run={run} />],
          [t('run.retryOf'), run.retryOf === null ? null : <RunLink id={run.retryOf} />],
          [
            t('run.attempt'),
            run.attempt === 0 ? null : t('run.attemptOf', { attempt: run.attempt, max: run.attemptsMax }),
          ],
          [
            t('run.worker'),
            run.worker === null ? null : (
              <Link to={{ page: 'runs', filter: { ...anyRun, worker: run.worker } }}>{run.worker}</Link>
            ),
          ],
          [t('run.fireAt'), moment(run.fireAt)],
          [t('run.created'), moment(run.createdAt)],
          [t('run.due'), moment(run.dueAt)],
          [t('run.started'), moment(run.startedAt)],
          [t('run.finished'), moment(run.finishedAt)],
          [t('run.queue'), run.queue],
          [t('run.priority'), run.priority === 0 ? null : run.priority],
          [t('run.jobVersion'), run.jobVersion],
        ]}
      />
    </Card>
  );
}

function RunLink({ id }: { readonly id: string }) {
  return (
    <Link to={{ page: 'run', id, attempt: null }}>
      <code>…{id.slice(-8)}</code>
    </Link>
  );
}

function Data({ run }: { readonly run: RunView }) {
  const t = useT();
  const absent = (value: unknown) => value === null || value === undefined;
  return (
    <>
      <Card title={t('run.payload')}>
        {absent(run.payload) ? (
          <p className="faint">{t('run.noPayload')}</p>
        ) : (
          <JsonBlock value={run.payload} label={t('run.payload')} />
        )}
      </Card>
      <Card title={t('run.output')}>
        {absent(run.output) ? (
          <p className="faint">{t(isFinal(run.state) ? 'run.noOutput' : 'run.noOutputYet')}</p>
        ) : (
          <JsonBlock value={run.output} label={t('run.output')} />
        )}
      </Card>
    </>
  );
}
