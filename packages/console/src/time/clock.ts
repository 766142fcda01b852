// The store's time as this page knows it: the browser's clock corrected by what the server last said. Countdowns and ages use it,
// because a browser whose clock is wrong must not show fires as late. One shared tick re-renders only what shows moving times.

import { useSyncExternalStore } from 'react';

let offsetMs = 0;

/** `serverNow` was read by the server somewhere between the two moments of this page; the middle is the best guess. */
export function learnServerTime(serverNow: number, askedAt: number, answeredAt: number): void {
  const offset = serverNow - (askedAt + answeredAt) / 2;
  // A difference within the round trip is noise, and correcting it would make countdowns jitter.
  if (Math.abs(offset - offsetMs) > (answeredAt - askedAt) / 2 + 50) offsetMs = offset;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}

interface Ticker {
  readonly listeners: Set<() => void>;
  now: number;
  timer: number | null;
}

const tickers = new Map<number, { ticker: Ticker; subscribe: (listener: () => void) => () => void }>();

/** The store's time, renewed every `periodMs` while the page is visible. */
export function useNow(periodMs = 1000): number {
  const { ticker, subscribe } = tickerOf(periodMs);
  return useSyncExternalStore(subscribe, () => ticker.now);
}

function tickerOf(periodMs: number) {
  let entry = tickers.get(periodMs);
  if (entry === undefined) {
    const ticker: Ticker = { listeners: new Set(), now: serverNow(), timer: null };
    entry = { ticker, subscribe: (listener) => subscribe(ticker, periodMs, listener) };
    tickers.set(periodMs, entry);
  }
  // A ticker that stood still shows the time of its last tick; whoever looks now wants now.
  if (entry.ticker.timer === null) entry.ticker.now = serverNow();
  return entry;
}

function subscribe(ticker: Ticker, periodMs: number, listener: () => void): () => void {
  ticker.listeners.add(listener);
  if (ticker.timer === null) schedule(ticker, periodMs);
  return () => {
    ticker.listeners.delete(listener);
    if (ticker.listeners.size > 0 || ticker.timer === null) return;
    clearTimeout(ticker.timer);
    ticker.timer = null;
  };
}

/** Ticks stand on whole periods of the store's clock, so that all countdowns of a page change together. */
function schedule(ticker: Ticker, periodMs: number): void {
  const wait = periodMs - (serverNow() % periodMs);
  ticker.timer = window.setTimeout(() => {
    ticker.now = serverNow();
    schedule(ticker, periodMs);
    for (const listener of ticker.listeners) listener();
  }, wait);
}
