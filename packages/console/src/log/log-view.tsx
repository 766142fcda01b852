// The log of a run as an operator wants it: live, following until one scrolls up, searchable, to be taken along.

import type { LogStream, RunView } from '@tidewheel/protocol';
import { useEffect, useRef, useState } from 'react';
import { fetchLogs } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { CopyButton } from '../parts/code.tsx';
import { type Choice, Select } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { useToasts } from '../parts/toast.tsx';
import { isFinal } from '../runs/states.ts';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { type Line, noLog, withChunks } from './lines.ts';
import { LogLines } from './log-lines.tsx';
import { type LogSearch, useLogSearch } from './log-search.ts';
import { useRunLog } from './use-log.ts';

interface LogViewProps {
  readonly run: RunView;
  /** Null follows the newest attempt. */
  readonly attempt: number | null;
  readonly onAttempt: (attempt: number | null) => void;
  readonly zone: string | null;
}

type StreamChoice = LogStream | 'all';
const streams: readonly StreamChoice[] = ['all', 'stdout', 'stderr', 'log', 'system'];

export function LogView({ run, attempt, onAttempt, zone }: LogViewProps) {
  const t = useT();
  const log = useRunLog(run.id);
  const { logWrap, logTimes } = usePreferences();
  const [stream, setStream] = useState<StreamChoice>('all');
  const newest = Math.max(run.attempts.at(-1)?.attempt ?? run.attempt, ...log.attempts.keys());
  const shown = attempt ?? newest;
  const text = log.attempts.get(shown) ?? noLog;
  const lines = stream === 'all' ? text.lines : text.lines.filter((line) => line.stream === stream);
  const search = useLogSearch(lines);
  const { frame, following, follow, onScroll } = useFollowing(lines.length, search.line);
  const live = log.state === 'following' && run.state === 'running';
  return (
    <div className="log">
      <div className="log-bar">
        <AttemptSelect shown={shown} newest={newest} onAttempt={onAttempt} />
        <Select
          label={t('log.stream')}
          value={stream}
          choices={streams.map((one): Choice<StreamChoice> => ({ value: one, text: t(`log.stream.${one}`) }))}
          onChange={setStream}
        />
        <SearchBox search={search} />
        <LogTools run={run} attempt={shown} lines={lines} live={live} />
      </div>
      {log.state === 'interrupted' ? (
        <p className="log-note" role="status">
          {t('log.interrupted')}
        </p>
      ) : null}
      {text.cut > 0 ? <p className="log-note">{t('log.cut', { count: text.cut })}</p> : null}
      <div
        ref={frame}
        className={logWrap ? 'log-lines' : 'log-lines log-nowrap'}
        role="log"
        aria-label={t('log.label', { attempt: shown })}
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
      >
        <LogLines lines={lines} search={search.text} current={search.line} times={logTimes} zone={zone} />
        {lines.length === 0 ? <p className="log-empty">{t(emptyWords(run, log.state))}</p> : null}
      </div>
      {following || lines.length === 0 ? null : (
        <div className="log-follow">
          <Button small icon="down" onPress={follow}>
            {t('log.follow')}
          </Button>
        </div>
      )}
    </div>
  );
}

interface AttemptSelectProps {
  readonly shown: number;
  readonly newest: number;
  readonly onAttempt: (attempt: number | null) => void;
}

function AttemptSelect({ shown, newest, onAttempt }: AttemptSelectProps) {
  const t = useT();
  if (newest <= 1) return null;
  const numbers = Array.from({ length: newest }, (_, index) => index + 1);
  return (
    <Select
      label={t('log.attempt')}
      value={String(shown)}
      choices={numbers.map((number) => ({ value: String(number), text: t('timeline.attempt', { attempt: number }) }))}
      onChange={(choice) => onAttempt(Number(choice) === newest ? null : Number(choice))}
    />
  );
}

interface LogToolsProps {
  readonly run: RunView;
  readonly attempt: number;
  readonly lines: readonly Line[];
  readonly live: boolean;
}

function LogTools({ run, attempt, lines, live }: LogToolsProps) {
  const t = useT();
  const { logWrap, logTimes } = usePreferences();
  return (
    <>
      <span className="log-state">
        {live ? (
          <>
            <span className="pulse" aria-hidden="true" /> {t('log.following')}
          </>
        ) : null}
      </span>
      <IconButton
        icon="clock"
        label={t('log.times')}
        pressed={logTimes}
        onPress={() => setPreferences({ logTimes: !logTimes })}
      />
      <IconButton
        icon="wrap"
        label={t('log.wrap')}
        pressed={logWrap}
        onPress={() => setPreferences({ logWrap: !logWrap })}
      />
      <CopyButton label={t('log.copy')} text={() => lines.map((line) => line.text).join('\n')} />
      <Download run={run} attempt={attempt} />
    </>
  );
}

function emptyWords(run: RunView, state: 'loading' | 'following' | 'interrupted' | 'ended') {
  if (run.attempts.length === 0) return 'log.notStarted';
  if (state === 'loading') return 'log.loading';
  return isFinal(run.state) ? 'log.empty' : 'log.emptyYet';
}

/** Stays at the end while lines come, until the reader scrolls up; a search match is brought into view instead. */
function useFollowing(count: number, matchLine: number | null) {
  const frame = useRef<HTMLDivElement>(null);
  /** How far down it was moved last: higher up it is only when the reader has scrolled, of which the event may still be to come. */
  const placed = useRef(0);
  const [following, setFollowing] = useState(true);
  useEffect(() => {
    const element = frame.current;
    if (element === null || !following || count === 0) return;
    if (element.scrollTop < placed.current && !atEnd(element)) {
      setFollowing(false);
      return;
    }
    element.scrollTop = element.scrollHeight;
    placed.current = element.scrollTop;
  }, [following, count]);
  useEffect(() => {
    if (matchLine === null) return;
    setFollowing(false);
    frame.current?.querySelector(`[data-line="${matchLine}"]`)?.scrollIntoView({ block: 'center' });
  }, [matchLine]);
  const onScroll = () => {
    const element = frame.current;
    if (element === null) return;
    if (atEnd(element)) setFollowing(true);
    else if (element.scrollTop < placed.current) setFollowing(false);
  };
  const follow = () => {
    placed.current = 0;
    setFollowing(true);
  };
  return { frame, following, onScroll, follow };
}

function atEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): boolean {
  return scrollHeight - scrollTop - clientHeight < 24;
}

function SearchBox({ search }: { readonly search: LogSearch }) {
  const t = useT();
  return (
    <div className="log-search">
      <label className="search">
        <Icon name="search" size={14} />
        <span className="unseen">{t('log.search')}</span>
        <input
          type="search"
          placeholder={t('log.search')}
          value={search.text}
          spellCheck={false}
          data-main-search=""
          onChange={(event) => search.setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') search.step(event.shiftKey ? -1 : 1);
          }}
        />
      </label>
      {search.text === '' ? null : (
        <>
          <span className="faint number" role="status">
            {search.count === 0 ? t('log.noMatch') : t('log.matches', { at: search.at, count: search.count })}
          </span>
          <IconButton
            icon="up"
            label={t('log.previous')}
            disabled={search.count === 0}
            onPress={() => search.step(-1)}
          />
          <IconButton icon="down" label={t('log.next')} disabled={search.count === 0} onPress={() => search.step(1)} />
        </>
      )}
    </div>
  );
}

/** All of the attempt as the server keeps it, also what the page has cut. */
function Download({ run, attempt }: { readonly run: RunView; readonly attempt: number }) {
  const t = useT();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const text = await wholeLog(run, attempt);
      const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
      const link = document.createElement('a');
      link.href = address;
      link.download = `${run.job.replaceAll('/', '-')}-${run.id}-${attempt}.log`;
      link.click();
      URL.revokeObjectURL(address);
    } catch (error) {
      toasts.refuse(error);
    } finally {
      setBusy(false);
    }
  };
  return <IconButton icon="download" label={t('log.download')} disabled={busy} onPress={() => void download()} />;
}

/** The server bounds the log of a run, so this ends; the signal is only there to be complete. */
async function wholeLog(run: RunView, attempt: number): Promise<string> {
  const { signal } = new AbortController();
  let log = noLog;
  let cursor: string | null = null;
  do {
    const page = await fetchLogs(run.namespace, run.id, cursor, signal);
    log = withChunks(
      log,
      page.items.filter((chunk) => chunk.attempt === attempt),
      Infinity,
    );
    cursor = page.nextCursor;
  } while (cursor !== null);
  return log.lines.map((line) => `${new Date(line.at).toISOString()} ${line.stream} ${line.text}\n`).join('');
}
