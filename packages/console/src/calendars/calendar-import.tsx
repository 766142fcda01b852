// A calendar from an iCalendar file: the file is read by the server while one chooses, and what it says is shown before it is stored.

import type { CalendarImport, CalendarImported, CalendarView } from '@tidewheel/protocol';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAction } from '../api/action.ts';
import { pathOf } from '../api/queries.ts';
import { request } from '../api/request.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { FormDialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useToasts } from '../parts/toast.tsx';
import { useGoTo, useNamespace } from '../routing/navigation.tsx';
import { useRested } from '../schedules/use-rested.ts';
import { rulesOf } from './calendar-rules.ts';

interface ImportDialogProps {
  /** The calendar whose place the file takes; null for a new one. */
  readonly calendar: CalendarView | null;
  readonly onClose: () => void;
}

export function ImportDialog({ calendar, onClose }: ImportDialogProps) {
  const t = useT();
  const go = useGoTo();
  const toasts = useToasts();
  const namespace = useNamespace();
  const [name, setName] = useState(calendar?.name ?? '');
  const [text, setText] = useState('');
  const read = useRead(namespace, name.trim(), text);
  const store = useAction({
    send: () =>
      request<CalendarImported>(importPath(namespace, name.trim()), {
        method: 'POST',
        body: { text } satisfies CalendarImport,
        ifVersion: calendar?.version ?? 'none',
      }),
    touches: ['schedules'],
    onDone: () => {
      onClose();
      toasts.say(t('calendars.importedToast', { name: name.trim() }));
      go({ page: 'calendar', name: name.trim(), year: null });
    },
  });
  return (
    <FormDialog
      title={calendar === null ? t('calendars.importTitle') : t('calendars.replaceTitle', { name: calendar.name })}
      wide
      onClose={onClose}
      onSubmit={() => {
        if (read.data !== undefined && read.error === null) store.run(undefined);
      }}
      buttons={
        <>
          <Button onPress={onClose}>{t('action.cancel')}</Button>
          <Button
            kind="primary"
            type="submit"
            icon="download"
            busy={store.busy}
            disabled={read.data === undefined || read.error !== null}
          >
            {t('calendars.importConfirm')}
          </Button>
        </>
      }
    >
      <p className="soft">{t('calendars.importHint')}</p>
      {calendar === null ? (
        <Field label={t('calendars.name')}>
          {(id) => (
            <input
              id={id}
              value={name}
              required
              maxLength={128}
              placeholder="holidays"
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      ) : null}
      <FileField text={text} onChange={setText} />
      {read.error === null ? null : <ProblemNote error={read.error} />}
      {read.data === undefined || read.error !== null ? null : <Read imported={read.data} />}
    </FormDialog>
  );
}

function FileField({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const t = useT();
  return (
    <Field label={t('calendars.file')} hint={t('calendars.fileHint')}>
      {(id, describedBy) => (
        <>
          <input
            type="file"
            accept=".ics,text/calendar"
            aria-label={t('calendars.chooseFile')}
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file !== undefined) void file.text().then(onChange);
            }}
          />
          <textarea
            id={id}
            className="payload"
            rows={6}
            value={text}
            spellCheck={false}
            placeholder={'BEGIN:VCALENDAR\n…\nEND:VCALENDAR'}
            aria-describedby={describedBy}
            onChange={(event) => onChange(event.target.value)}
          />
        </>
      )}
    </Field>
  );
}

/** What would be stored. */
function useRead(namespace: string, name: string, text: string) {
  const rested = useRested({ name, text });
  return useQuery({
    queryKey: [namespace, 'calendar-read', rested],
    queryFn: ({ signal }) =>
      request<CalendarImported>(importPath(namespace, rested.name), {
        method: 'POST',
        body: { text: rested.text, dryRun: true } satisfies CalendarImport,
        signal,
      }),
    enabled: rested.name !== '' && rested.text.trim() !== '',
    retry: false,
  });
}

function importPath(namespace: string, name: string): string {
  return pathOf(namespace, 'calendars', name, 'import');
}

function Read({ imported: { definition, events, leftOut, notes } }: { readonly imported: CalendarImported }) {
  const t = useT();
  return (
    <div className="import-read" role="status">
      <p>
        <strong>{t('calendars.read', { count: events })}</strong> {rulesOf(definition, t).rules}
      </p>
      {leftOut === 0 ? null : (
        <details>
          <summary>{t('calendars.leftOut', { count: leftOut })}</summary>
          <ul className="faint">
            {notes.map(({ line, detail }) => (
              <li key={`${line} ${detail}`}>
                {t('calendars.line', { line })}: {detail}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
