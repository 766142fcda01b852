// Joins routes to the browser's history: the current route as a hook, links that keep working with the middle button,
// and navigation that replaces or adds an entry.

import { createContext, type MouseEvent, type ReactNode, useCallback, useContext, useSyncExternalStore } from 'react';
import { addressOf, type Place, type Route, readRoute } from './route.ts';

const listeners = new Set<() => void>();
let current = readHere();

function readHere(): Route {
  return readRoute(location.pathname, location.search);
}

function changed(): void {
  current = readHere();
  for (const listener of listeners) listener();
}

addEventListener('popstate', changed);

export function useRoute(): Route {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** The namespace that the pages show; set by the app once it is known. */
export const NamespaceContext = createContext<string>('default');

export function useNamespace(): string {
  return useContext(NamespaceContext);
}

/** Filters replace the entry, so that "back" leaves the page instead of undoing key strokes. */
export function goTo(address: string, how: 'push' | 'replace' = 'push'): void {
  if (how === 'replace') history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  changed();
  if (how === 'push') {
    scrollTo(0, 0);
    // Screen readers and the keyboard go on from the top of the new page.
    document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true });
  }
}

export function useGoTo(): (place: Place, how?: 'push' | 'replace') => void {
  const namespace = useNamespace();
  return useCallback((place, how) => goTo(addressOf(namespace, place), how), [namespace]);
}

export interface LinkProps {
  readonly to: Place;
  readonly children: ReactNode;
  readonly className?: string;
  readonly title?: string;
  readonly current?: boolean;
  readonly label?: string;
  readonly onFollow?: () => void;
}

export function Link({ to, children, className, title, current: isCurrent, label, onFollow }: LinkProps) {
  const address = addressOf(useNamespace(), to);
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onFollow?.();
    goTo(address);
  };
  return (
    <a
      href={address}
      className={className}
      title={title}
      aria-label={label}
      aria-current={isCurrent === true ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
