// Starts the console in the page.

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { Live } from './api/live.ts';
import { sessionQuery } from './api/queries.ts';
import { ApiProblem } from './api/request.ts';
import { App } from './app.tsx';
import { startPreferences } from './shell/preferences.ts';
import './design/tokens.css';
import './design/base.css';
import './design/shell.css';
import './design/parts.css';
import './design/pages.css';

/** Tries after the first, when a master did not answer; refusals are final. */
const retries = 2;

/** A page younger than this was just loaded, so loading it again would not help. */
const reloadMs = 10_000;

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // The session ended: asking for it again finds that out and leads to the sign-in page.
      const ended = error instanceof ApiProblem && error.status === 401;
      if (ended && query.queryKey[0] !== 'session') void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      retry: (failures, error) =>
        error instanceof ApiProblem && (error.status === 0 || error.status >= 500) && failures < retries,
    },
  },
});

// A page of an older build asks for a file that a newer one has replaced: the new page is one reload away. Once, or it would go round.
addEventListener('vite:preloadError', (event) => {
  if (performance.now() < reloadMs) return;
  event.preventDefault();
  location.reload();
});

startPreferences();
const root = document.querySelector('#root');
if (root === null) throw new Error('the page has no #root');
createRoot(root).render(
  <QueryClientProvider client={client}>
    <App live={new Live(client)} />
  </QueryClientProvider>,
);
