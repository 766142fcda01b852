// What a reader chose for this browser: theme, language, zone of times. Kept in local storage, shared between tabs,
// and working without storage too. The URL holds filters, never these.

import { useSyncExternalStore } from 'react';
import type { Language } from '../language/translate.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];
/** local: the browser's zone. job: the zone of the schedule, where there is one. */
export const timeModes = ['local', 'utc', 'job'] as const;
export type TimeMode = (typeof timeModes)[number];

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
  readonly time: TimeMode;
  /** Long log lines wrap; each line shows its time. */
  readonly logWrap: boolean;
  readonly logTimes: boolean;
}

const prefix = 'tidewheel.';
const listeners = new Set<() => void>();
let current = read();

export function preferences(): Preferences {
  return current;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

export function setPreferences(change: Partial<Preferences>): void {
  for (const [key, value] of Object.entries(change)) store(key, String(value));
  current = { ...current, ...change };
  apply(current);
  for (const listener of listeners) listener();
}

/** Makes the document follow; main.tsx calls it once before the first render. */
export function startPreferences(): void {
  apply(current);
  addEventListener('storage', (event) => {
    if (event.key !== null && !event.key.startsWith(prefix)) return;
    current = read();
    apply(current);
    for (const listener of listeners) listener();
  });
}

/** The theme that is in force now, with "system" resolved. */
export function resolvedTheme(theme: Theme): 'light' | 'dark' {
  if (theme !== 'system') return theme;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function apply({ theme, language }: Preferences): void {
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme;
  root.lang = language === 'zh' ? 'zh-CN' : 'en';
}

function read(): Preferences {
  const language = load('language');
  return {
    theme: themes.find((theme) => theme === load('theme')) ?? 'system',
    language: language === 'zh' || language === 'en' ? language : browserLanguage(),
    time: timeModes.find((mode) => mode === load('time')) ?? 'local',
    logWrap: load('logWrap') !== 'false',
    logTimes: load('logTimes') !== 'false',
  };
}

function browserLanguage(): Language {
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function load(key: string): string | null {
  try {
    return localStorage.getItem(prefix + key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(prefix + key, value);
  } catch {
    // Storage is switched off or full: the choice lasts until the page is closed.
  }
}
