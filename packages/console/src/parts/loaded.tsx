// What a page shows of something it asked for: nothing yet, the refusal, or the thing; and a refusal above the thing when it was asked
// for again in vain.

import type { ReactNode } from 'react';
import { Loading } from './page.tsx';
import { ProblemNote } from './problem.tsx';

interface LoadedProps<Data> {
  readonly query: { readonly data: Data | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly children: (data: Data) => ReactNode;
}

export function Loaded<Data>({ query: { data, error, refetch }, children }: LoadedProps<Data>) {
  return (
    <>
      {error === null ? null : <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data === undefined ? error === null ? <Loading /> : null : children(data)}
    </>
  );
}
