// The filters of the run list. Each change goes into the URL at once, so a filtered list can be bookmarked, shared and reloaded.

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jobPickQuery, schedulePickQuery, workersQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import { Button } from '../parts/button.tsx';
import { type Choice, NameField, Select } from '../parts/field.tsx';
import { InstantField } from '../parts/instant-field.tsx';
import { Icon } from '../parts/icon.tsx';
import { useNamespace } from '../routing/navigation.tsx';
import { anyRun, type RunFilter, type Window, windows } from '../routing/route.ts';
import { allRunStates, toneOfRun } from './states.ts';

interface RunFiltersProps {
  readonly filter: RunFilter;
  readonly onChange: (filter: RunFilter) => void;
}

type TimeChoice = Window | 'any' | 'range';

export function RunFilters({ filter, onChange }: RunFiltersProps) {
  const t = useT();
  const namespace = useNamespace();
  const jobs = useQuery(jobPickQuery(namespace, ''));
  const schedules = useQuery(schedulePickQuery(namespace, ''));
  const workers = useInfiniteQuery(workersQuery(namespace));
  const isFiltered = JSON.stringify(filter) !== JSON.stringify(anyRun);
  return (
    <div className="filters" role="search">
      <NameField
        main
        label={t('runs.filter.search')}
        value={filter.job}
        names={jobs.data?.items.map((job) => job.name) ?? []}
        onChange={(job) => onChange({ ...filter, job })}
      />
      <NameField
        label={t('runs.filter.schedule')}
        value={filter.schedule}
        names={schedules.data?.items.map((schedule) => schedule.name) ?? []}
        onChange={(schedule) => onChange({ ...filter, schedule })}
      />
      <NameField
        label={t('runs.filter.worker')}
        value={filter.worker}
        names={workers.data?.pages.flatMap((page) => page.items.map((worker) => worker.worker)) ?? []}
        onChange={(worker) => onChange({ ...filter, worker })}
      />
      <TimeFilter filter={filter} onChange={onChange} />
      <StateChips filter={filter} onChange={onChange} />
      {filter.queue !== null ? (
        <button type="button" className="chip chip-on" onClick={() => onChange({ ...filter, queue: null })}>
          {t('runs.filter.queue')}: {filter.queue} <Icon name="cross" size={10} />
        </button>
      ) : null}
      {isFiltered ? (
        <Button kind="quiet" small onPress={() => onChange(anyRun)}>
          {t('runs.filter.clear')}
        </Button>
      ) : null}
    </div>
  );
}

function StateChips({ filter, onChange }: RunFiltersProps) {
  const t = useT();
  const toggle = (state: (typeof allRunStates)[number]) => {
    const on = filter.states.includes(state);
    onChange({ ...filter, states: allRunStates.filter((one) => (one === state ? !on : filter.states.includes(one))) });
  };
  return (
    <div className="chips" role="group" aria-label={t('runs.filter.state')}>
      {allRunStates.map((state) => (
        <button
          key={state}
          type="button"
          className={filter.states.includes(state) ? `chip chip-on tone-${toneOfRun(state)}` : 'chip'}
          aria-pressed={filter.states.includes(state)}
          onClick={() => toggle(state)}
        >
          <span className={`dot tone-${toneOfRun(state)}`} aria-hidden="true" />
          {t(`state.${state}`)}
        </button>
      ))}
    </div>
  );
}

function TimeFilter({ filter, onChange }: RunFiltersProps) {
  const t = useT();
  const hasRange = filter.from !== null || filter.to !== null;
  const [wantsRange, setWantsRange] = useState(false);
  const showRange = hasRange || wantsRange;
  const value: TimeChoice = filter.window ?? (showRange ? 'range' : 'any');
  const choices: Choice<TimeChoice>[] = [
    { value: 'any', text: t('runs.filter.any') },
    ...(Object.keys(windows) as Window[]).map((window) => ({ value: window, text: t(`runs.filter.window.${window}`) })),
    { value: 'range', text: t('runs.filter.range') },
  ];
  const choose = (choice: TimeChoice) => {
    setWantsRange(choice === 'range');
    onChange({ ...filter, from: null, to: null, window: choice === 'any' || choice === 'range' ? null : choice });
  };
  return (
    <>
      <Select label={t('runs.filter.time')} choices={choices} value={value} onChange={choose} />
      {showRange && filter.window === null ? (
        <>
          <InstantField
            label={t('runs.filter.from')}
            value={filter.from}
            onChange={(from) => onChange({ ...filter, from })}
          />
          <InstantField label={t('runs.filter.to')} value={filter.to} onChange={(to) => onChange({ ...filter, to })} />
        </>
      ) : null}
    </>
  );
}
