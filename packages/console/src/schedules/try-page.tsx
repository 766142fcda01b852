// A schedule tried out before it is declared: its words, warnings and next fires while one types, and faults beside the field.

import type { PreviewRequest } from '@tidewheel/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../api/request.ts';
import { calendarsQuery, sketchQuery } from '../api/times-queries.ts';
import { useLanguage, useT } from '../language/language.ts';
import { CodeBlock } from '../parts/code.tsx';
import { Field, Segmented, Select } from '../parts/field.tsx';
import { Card, Empty, Loading, Page } from '../parts/page.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { useGoTo, useNamespace } from '../routing/navigation.tsx';
import { addressOf, type Sketch } from '../routing/route.ts';
import { PreviewList, Warnings } from './preview-list.tsx';
import { SectionTabs } from './section-tabs.tsx';
import { faultsOf, requestOf, snippetOf } from './sketch.ts';
import { useRested } from './use-rested.ts';

const examples: Readonly<Record<Sketch['kind'], readonly string[]>> = {
  cron: ['30 6 * * MON-FRI', '*/15 9-17 * * *', '0 9 LW * *', '0 12 * * 5#3', 'H H(0-5) * * *', '0 30 2 * * * 2027'],
  every: ['90s', '15m', '36h'],
  rrule: ['FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH', 'FREQ=YEARLY;BYYEARDAY=100'],
};

const firesShown = 12;

export function TryPage({ sketch }: { readonly sketch: Sketch }) {
  const t = useT();
  const [state, setState] = useSketch(sketch);
  return (
    <Page title={t('nav.try')}>
      <SectionTabs />
      <div className="columns columns-even">
        <Card>
          <SketchForm sketch={state} onChange={setState} />
        </Card>
        <Outcome sketch={state} />
      </div>
    </Page>
  );
}

/**
 * What is typed stands in the address when typing rests; an address that changes from outside wins over what was typed. Addresses are
 * compared, not sketches: they leave out what says nothing, such as an empty expression.
 */
function useSketch(given: Sketch): [Sketch, (sketch: Sketch) => void] {
  const go = useGoTo();
  const [state, setState] = useState(given);
  const sent = useRef(addressOfSketch(given));
  const rested = useRested(state);
  useEffect(() => {
    if (addressOfSketch(given) === sent.current) return;
    sent.current = addressOfSketch(given);
    setState(given);
  }, [given]);
  useEffect(() => {
    if (addressOfSketch(rested) === sent.current) return;
    sent.current = addressOfSketch(rested);
    go({ page: 'try', sketch: rested }, 'replace');
  }, [rested, go]);
  return [state, setState];
}

function addressOfSketch(sketch: Sketch): string {
  return addressOf(null, { page: 'try', sketch });
}

interface SketchFormProps {
  readonly sketch: Sketch;
  readonly onChange: (sketch: Sketch) => void;
}

function SketchForm({ sketch, onChange }: SketchFormProps) {
  const t = useT();
  const asked = useAsked(sketch);
  const faults = asked.error instanceof ApiProblem ? faultsOf(asked.error) : { text: null, zone: null };
  return (
    <form className="form" onSubmit={(event) => event.preventDefault()}>
      <Segmented
        label={t('try.kind')}
        value={sketch.kind}
        choices={(['cron', 'every', 'rrule'] as const).map((kind) => ({ value: kind, text: t(`try.kind.${kind}`) }))}
        onChange={(kind) => onChange({ ...sketch, kind, text: '' })}
      />
      <Field label={t(`try.text.${sketch.kind}`)} hint={t(`try.hint.${sketch.kind}`)} fault={faults.text}>
        {(id, describedBy) => (
          <input
            id={id}
            className="expression"
            value={sketch.text}
            placeholder={examples[sketch.kind][0]}
            aria-describedby={describedBy}
            aria-invalid={faults.text !== null}
            data-main-search=""
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            maxLength={4000}
            onChange={(event) => onChange({ ...sketch, text: event.target.value })}
          />
        )}
      </Field>
      <div className="chips" role="group" aria-label={t('try.examples')}>
        {examples[sketch.kind].map((text) => (
          <button key={text} type="button" className="chip" onClick={() => onChange({ ...sketch, text })}>
            <code>{text}</code>
          </button>
        ))}
      </div>
      {sketch.kind === 'every' ? null : <ZoneField sketch={sketch} onChange={onChange} fault={faults.zone} />}
      <CalendarFields sketch={sketch} onChange={onChange} />
    </form>
  );
}

const zones = Intl.supportedValuesOf('timeZone');

function ZoneField({ sketch, onChange, fault }: SketchFormProps & { readonly fault: string | null }) {
  const t = useT();
  return (
    <Field label={t('schedule.zone')} fault={fault}>
      {(id, describedBy) => (
        <>
          <input
            id={id}
            value={sketch.zone}
            list={`${id}-zones`}
            aria-describedby={describedBy}
            aria-invalid={fault !== null}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => onChange({ ...sketch, zone: event.target.value })}
          />
          <datalist id={`${id}-zones`}>
            {zones.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

/** Nothing where no calendar is declared. */
function CalendarFields({ sketch, onChange }: SketchFormProps) {
  const t = useT();
  const calendars = useInfiniteQuery(calendarsQuery(useNamespace(), ''));
  const names = calendars.data?.pages.flatMap((page) => page.items.map((one) => one.name)) ?? [];
  const known = sketch.calendar === null || names.includes(sketch.calendar) ? names : [...names, sketch.calendar];
  if (known.length === 0) return null;
  return (
    <div className="field-row">
      <Select
        label={t('try.calendar')}
        value={sketch.calendar ?? ''}
        choices={[
          { value: '', text: t('try.noCalendar') },
          ...known.map((name) => ({ value: name, text: t('try.withoutDays', { name }) })),
        ]}
        onChange={(name) => onChange({ ...sketch, calendar: name === '' ? null : name })}
      />
      {sketch.calendar === null ? null : (
        <Select
          label={t('try.move')}
          value={sketch.move}
          choices={(['skip', 'next', 'previous'] as const).map((move) => ({
            value: move,
            text: t(`try.move.${move}`),
          }))}
          onChange={(move) => onChange({ ...sketch, move })}
        />
      )}
    </div>
  );
}

function useAsked(sketch: Sketch) {
  const namespace = useNamespace();
  const rested = useRested(sketch);
  const asked: PreviewRequest = { schedule: requestOf(rested), count: firesShown };
  return useQuery({
    ...sketchQuery(namespace, asked),
    enabled: rested.text.trim() !== '',
    // The fires of another expression would be read as those of this one.
    placeholderData: (before, query) => (query?.state.error === null && rested.text.trim() !== '' ? before : undefined),
  });
}

function Outcome({ sketch }: { readonly sketch: Sketch }) {
  const t = useT();
  const language = useLanguage();
  const { data, error } = useAsked(sketch);
  if (sketch.text.trim() === '') {
    return (
      <Card>
        <Empty icon="try" title={t('try.empty')} hint={t('try.emptyHint')} />
      </Card>
    );
  }
  if (error !== null) {
    const { text, zone } = error instanceof ApiProblem ? faultsOf(error) : { text: null, zone: null };
    return (
      <Card>
        {text === null && zone === null ? (
          <ProblemNote error={error} />
        ) : (
          <Empty icon="warn" title={t('try.mend')} hint={t('try.mendHint')} />
        )}
      </Card>
    );
  }
  if (data === undefined) return <Loading />;
  return (
    <div className="column-main">
      <Card>
        <p className="in-words" role="status">
          {data.words[language]}
        </p>
        <Warnings warnings={data.warnings} />
      </Card>
      <Card title={t('schedule.upcoming')} hint={data.timezone}>
        <PreviewList preview={data} />
      </Card>
      <Card title={t('try.declare')}>
        <CodeBlock text={snippetOf(sketch)} label={t('try.declare')} />
      </Card>
    </div>
  );
}
