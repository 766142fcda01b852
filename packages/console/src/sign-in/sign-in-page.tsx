// Where a one-time link leads: the code in the fragment (which never reaches a server's log) is exchanged for a session.
// Without a code, or with one that is used up, it says how to get a new link.

import type { SessionInfo } from '@tidewheel/protocol';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { sessionQuery } from '../api/queries.ts';
import { ApiProblem } from '../api/request.ts';
import { exchangeCode } from '../api/session.ts';
import { useT } from '../language/language.ts';
import { CodeBlock } from '../parts/code.tsx';
import { Icon, Logo } from '../parts/icon.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Rich } from '../parts/rich.tsx';
import { goTo } from '../routing/navigation.tsx';
import { SettingsFields } from '../shell/settings.tsx';

interface SignInPageProps {
  /** Why the reader is here without having followed a link. */
  readonly because: 'signed-out' | 'expired' | null;
}

export function SignInPage({ because }: SignInPageProps) {
  const t = useT();
  const code = useSyncExternalStore(onHashChange, () => location.hash.slice(1));
  const error = useExchange(code);
  useEffect(() => {
    document.title = `${t('signIn.title')} · Tidewheel`;
  }, [t]);
  const working = code !== '' && error === null;
  return (
    <main className="sign-in" id="content" tabIndex={-1}>
      <div className="sign-in-card">
        <div className={working ? 'sign-in-logo turning' : 'sign-in-logo'}>
          <Logo size={56} />
        </div>
        <div className="sign-in-name">
          <h1>Tidewheel</h1>
          <p className="faint">{t('signIn.tagline')}</p>
        </div>
        {working ? (
          <p className="soft" role="status">
            {t('signIn.working')}
          </p>
        ) : (
          <>
            {because === null || code !== '' ? null : (
              <p className="notice tone-later" role="status">
                <Icon name="lock" size={14} /> {t(because === 'expired' ? 'signIn.expired' : 'signIn.signedOut')}
              </p>
            )}
            <Failure error={error} />
            <p className="soft">
              <Rich text={t('signIn.how')} />
            </p>
            <CodeBlock text="tidewheel token sign-in" />
          </>
        )}
      </div>
      <SettingsFields />
    </main>
  );
}

/** A link that is used up is no mishap but a rule, so it is told in our own words. */
function Failure({ error }: { readonly error: unknown }) {
  const t = useT();
  if (error === null) return null;
  if (!(error instanceof ApiProblem) || error.status !== 401) return <ProblemNote error={error} />;
  return (
    <div className="notice tone-bad" role="alert">
      <Icon name="warn" size={14} />
      <div>
        <strong>{t('signIn.failed')}</strong>
        <p>{t('signIn.failedWhy')}</p>
      </div>
    </div>
  );
}

/** A new link pasted into a page that stands here already changes the fragment alone. */
function onHashChange(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

/** Goes to the overview when it worked; gives what went wrong when it did not. */
function useExchange(code: string): unknown {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    setError(null);
    if (code === '') return;
    const signedIn = (session: SessionInfo) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      goTo('/', 'replace');
    };
    exchangeCode(code).then(signedIn, setError);
  }, [client, code]);
  return error;
}
