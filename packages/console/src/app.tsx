// Decides what is shown: the sign-in page, or the frame with the page that the address names.

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type Live, LiveContext, useLive } from './api/live.ts';
import { namespacesQuery, serverQuery, sessionQuery } from './api/queries.ts';
import { ApiProblem } from './api/request.ts';
import { SessionContext } from './api/session.ts';
import { useT } from './language/language.ts';
import { Loading } from './parts/page.tsx';
import { ProblemNote } from './parts/problem.tsx';
import { ToastProvider } from './parts/toast.tsx';
import { goTo, NamespaceContext, useGoTo, useRoute } from './routing/navigation.tsx';
import { addressOf, type Place, places } from './routing/route.ts';
import { PageOf, preloadPages } from './pages.tsx';
import { ConnectionBanner } from './shell/connection.tsx';
import { StaleBanner } from './shell/stale-banner.tsx';
import { CrashGuard } from './shell/crash.tsx';
import { useKeyboard } from './shell/keyboard.ts';
import { Palette } from './shell/palette.tsx';
import { preferences, resolvedTheme, setPreferences } from './shell/preferences.ts';
import { Shortcuts } from './shell/shortcuts.tsx';
import { Sidebar } from './shell/sidebar.tsx';
import { SignInPage } from './sign-in/sign-in-page.tsx';

export function App({ live }: { readonly live: Live }) {
  const route = useRoute();
  const onSignIn = route.place.page === 'sign-in';
  const session = useQuery({ ...sessionQuery, enabled: !onSignIn });
  const hadSession = useHadSession(session.data !== undefined);
  if (onSignIn) return <SignInPage because={location.search === '?out=1' ? 'signed-out' : null} />;
  const ended = session.error instanceof ApiProblem && session.error.status === 401;
  if (ended) return <SignInPage because={hadSession ? 'expired' : null} />;
  if (session.data === undefined) {
    return (
      <main className="sign-in" id="content" tabIndex={-1}>
        {session.error === null ? (
          <Loading />
        ) : (
          <ProblemNote error={session.error} onRetry={() => void session.refetch()} />
        )}
      </main>
    );
  }
  return (
    <SessionContext value={session.data}>
      <LiveContext value={live}>
        <InNamespace own={session.data.namespace} />
      </LiveContext>
    </SessionContext>
  );
}

function useHadSession(has: boolean): boolean {
  const [had, setHad] = useState(has);
  if (has && !had) setHad(true);
  return had;
}

/** The address names the namespace. One that names none is completed: with the session's own, or the first that it may see. */
function InNamespace({ own }: { readonly own: string }) {
  const route = useRoute();
  const named = route.namespace ?? (own === '*' ? null : own);
  const namespaces = useQuery({ ...namespacesQuery, enabled: named === null });
  const namespace = named ?? firstOf(namespaces.data);
  useEffect(() => {
    if (route.namespace === null && namespace !== null && route.place.page !== 'not-found') {
      goTo(addressOf(namespace, route.place), 'replace');
    }
  }, [route, namespace]);
  if (namespace === null) {
    return namespaces.error === null ? (
      <Loading />
    ) : (
      <ProblemNote error={namespaces.error} onRetry={() => void namespaces.refetch()} />
    );
  }
  return (
    <NamespaceContext value={namespace}>
      <ToastProvider>
        <Frame namespace={namespace} place={route.place} />
      </ToastProvider>
    </NamespaceContext>
  );
}

function firstOf(namespaces: readonly string[] | undefined): string | null {
  if (namespaces === undefined) return null;
  return namespaces.includes('default') ? 'default' : (namespaces[0] ?? 'default');
}

interface FrameProps {
  readonly namespace: string;
  readonly place: Place;
}

function Frame({ namespace, place }: FrameProps) {
  const t = useT();
  const go = useGoTo();
  const live = useLive();
  const [open, setOpen] = useState<'palette' | 'shortcuts' | null>(null);
  // Asked again now and then, it keeps the page's clock on the store's.
  useQuery({ ...serverQuery, refetchInterval: 60_000 });
  useEffect(preloadPages, []);
  useEffect(() => {
    live.watch(namespace);
    return () => live.watch(null);
  }, [live, namespace]);
  useKeyboard({
    palette: () => setOpen('palette'),
    shortcuts: () => setOpen('shortcuts'),
    go: (page) => go(places[page]),
    theme: () => setPreferences({ theme: resolvedTheme(preferences().theme) === 'dark' ? 'light' : 'dark' }),
  });
  return (
    <div className="frame">
      <a className="skip-link" href="#content">
        {t('nav.skip')}
      </a>
      <Sidebar onPalette={() => setOpen('palette')} onShortcuts={() => setOpen('shortcuts')} />
      <div className="main">
        <ConnectionBanner />
        <StaleBanner />
        <main id="content" tabIndex={-1}>
          <CrashGuard key={identityOf(place)}>
            <PageOf key={namespace} place={place} />
          </CrashGuard>
        </main>
      </div>
      {open === 'palette' ? <Palette onClose={() => setOpen(null)} /> : null}
      {open === 'shortcuts' ? <Shortcuts onClose={() => setOpen(null)} /> : null}
    </div>
  );
}

/** What a page is about, without its filters: changing those must not start the page anew. */
function identityOf(place: Place): string {
  if (place.page === 'run') return `run ${place.id}`;
  return place.page === 'job' || place.page === 'schedule' ? `${place.page} ${place.name}` : place.page;
}
