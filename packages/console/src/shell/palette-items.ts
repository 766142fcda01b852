// What the command palette offers for what was typed: pages, jobs, schedules, a run by its id, commands.

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { jobPickQuery, schedulePickQuery } from '../api/queries.ts';
import { useT } from '../language/language.ts';
import type { IconName } from '../parts/icon.tsx';
import { useGoTo, useNamespace } from '../routing/navigation.tsx';
import { type Place, places } from '../routing/route.ts';
import { resolvedTheme, setPreferences, timeModes, usePreferences } from './preferences.ts';
import { mainPages, morePages, useSignOut } from './sidebar.tsx';

export interface PaletteItem {
  readonly key: string;
  readonly group: string;
  readonly icon: IconName;
  readonly text: string;
  readonly more?: string;
  readonly run: () => void;
}

const restMs = 150;
/** Jobs and schedules offered at once. */
const namesShown = 6;
const runId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function usePaletteItems(typed: string): PaletteItem[] {
  const t = useT();
  const go = useGoTo();
  const wanted = typed.trim().toLowerCase();
  const names = useNames(wanted);
  const commands = useCommands();
  const open = (place: Place) => () => go(place);
  const matches = (item: PaletteItem) => item.text.toLowerCase().includes(wanted);
  const pages = [...mainPages, ...morePages].map(
    (page): PaletteItem => ({
      key: page,
      group: t('palette.pages'),
      icon: page,
      text: t(`nav.${page}`),
      run: open(places[page]),
    }),
  );
  const run: PaletteItem[] = runId.test(wanted)
    ? [
        {
          key: wanted,
          group: t('nav.runs'),
          icon: 'runs',
          text: t('palette.run', { id: wanted }),
          run: open({ page: 'run', id: wanted, attempt: null }),
        },
      ]
    : [];
  const jobs = names.jobs.map(
    (name): PaletteItem => ({
      key: `job ${name}`,
      group: t('palette.jobs'),
      icon: 'jobs',
      text: name,
      run: open({ page: 'job', name }),
    }),
  );
  const schedules = names.schedules.map(
    (one): PaletteItem => ({
      key: `schedule ${one.name}`,
      group: t('palette.schedules'),
      icon: 'schedules',
      text: one.name,
      more: one.job,
      run: open({ page: 'schedule', name: one.name }),
    }),
  );
  return [
    ...run,
    ...pages.filter(matches),
    ...jobs.filter(matches),
    ...schedules.filter(matches),
    ...commands.filter(matches),
  ];
}

/** Asked of the server, so that a name is found however many there are. */
function useNames(wanted: string) {
  const namespace = useNamespace();
  const search = useRested(wanted);
  const jobs = useQuery({ ...jobPickQuery(namespace, search), placeholderData: (before) => before });
  const schedules = useQuery({ ...schedulePickQuery(namespace, search), placeholderData: (before) => before });
  return {
    jobs: (jobs.data?.items ?? []).slice(0, namesShown).map((job) => job.name),
    schedules: (schedules.data?.items ?? []).slice(0, namesShown).map(({ name, job }) => ({ name, job })),
  };
}

function useRested(value: string): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), restMs);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

function useCommands(): PaletteItem[] {
  const t = useT();
  const { theme, language, time } = usePreferences();
  const leave = useSignOut();
  const group = t('palette.commands');
  const other = resolvedTheme(theme) === 'dark' ? 'light' : 'dark';
  return [
    {
      key: 'theme',
      group,
      icon: other === 'dark' ? 'moon' : 'sun',
      text: t('palette.theme', { theme: t(`setting.theme.${other}`) }),
      run: () => setPreferences({ theme: other }),
    },
    {
      key: 'language',
      group,
      icon: 'language',
      text: language === 'en' ? '切换到简体中文' : 'Switch to English',
      run: () => setPreferences({ language: language === 'en' ? 'zh' : 'en' }),
    },
    ...timeModes
      .filter((mode) => mode !== time)
      .map(
        (mode): PaletteItem => ({
          key: mode,
          group,
          icon: 'globe',
          text: t('palette.time', { zone: t(`setting.time.${mode}`) }),
          run: () => setPreferences({ time: mode }),
        }),
      ),
    { key: 'sign-out', group, icon: 'signOut', text: t('nav.signOut'), run: leave },
  ];
}
