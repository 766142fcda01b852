// Keys that work on every page. Letters do nothing while one types, while a dialog is open, or with Ctrl, Alt or Meta held.

import { useEffect, useRef } from 'react';
import type { NamedPage } from './sidebar.tsx';

export const goKeys: Readonly<Record<string, NamedPage>> = {
  o: 'overview',
  s: 'schedules',
  r: 'runs',
  j: 'jobs',
  w: 'workers',
  p: 'pools',
  l: 'locks',
  c: 'cluster',
  f: 'coming',
  d: 'calendars',
  t: 'try',
};
/** After `g`, the second key must follow within this time. */
const chordMs = 1_200;

export interface KeyActions {
  readonly palette: () => void;
  readonly shortcuts: () => void;
  readonly go: (page: NamedPage) => void;
  readonly theme: () => void;
}

export function useKeyboard(actions: KeyActions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey) {
        event.preventDefault();
        latest.current.palette();
        return;
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('dialog[open]')
      )
        return;
      const inChord = event.timeStamp < chordUntil;
      chordUntil = event.key === 'g' ? event.timeStamp + chordMs : 0;
      const page = inChord ? goKeys[event.key] : undefined;
      if (page !== undefined) latest.current.go(page);
      else if (event.key === '?') latest.current.shortcuts();
      else if (event.key === 't') latest.current.theme();
      else if (event.key === '/') focusSearch(event);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('[data-main-search]');
  if (field === null) return;
  event.preventDefault();
  field.focus();
  field.select();
}
