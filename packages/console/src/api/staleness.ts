// How old what is shown may be. Reads carry the last change that this tab has heard of, so that a replica which does not hold it yet is
// not asked. While the store is away masters answer with what they kept, and say how old it is; the page says so, too.

import { useSyncExternalStore } from 'react';

const changeHeader = 'tidewheel-change';
const staleHeader = 'tidewheel-stale';
/** Of this tab: a page that is loaded anew still sees what was changed before. */
const place = 'tidewheel.change';

let lastChange: string | null | undefined;
let staleSince: number | null = null;
const listeners = new Set<() => void>();

export function readingHeaders(): Record<string, string> {
  return { [changeHeader]: knownChange() ?? 'none' };
}

export function learnChange(heard: string): void {
  const later = laterChange(knownChange(), heard);
  if (later === lastChange) return;
  lastChange = later;
  sessionStorage.setItem(place, later);
}

/** Of an answer that is no refusal. `reads`: a fresh one shows that the store is back. */
export function learnAge(headers: Headers, reads: boolean): void {
  const change = headers.get(changeHeader);
  if (change !== null) learnChange(change);
  if (!reads) return;
  const seconds = headers.get(staleHeader);
  tell(seconds === null ? null : Date.now() - Number(seconds) * 1000);
}

/** By this browser's clock, when what is shown was true; null while it is up to date. */
export function useStaleSince(): number | null {
  return useSyncExternalStore(subscribe, () => staleSince);
}

/** Of two places in one history the later one is the greater text; of two histories the one heard last counts. */
export function laterChange(known: string | null, heard: string): string {
  const sameHistory = known?.split('-').at(-1) === heard.split('-').at(-1);
  return known !== null && sameHistory && known > heard ? known : heard;
}

function knownChange(): string | null {
  lastChange ??= sessionStorage.getItem(place);
  return lastChange;
}

/** The oldest thing on the page counts, until all is fresh. */
function tell(since: number | null): void {
  const next = since === null || staleSince === null ? since : Math.min(since, staleSince);
  if (next === staleSince) return;
  staleSince = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
