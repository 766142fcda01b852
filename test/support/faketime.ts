// Another clock for one process, by libfaketime: what the process asks the system for is answered with an offset or at another rate, which a
// file says and may change while it runs. The program itself knows nothing of it.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOrInstall } from './apt.ts';

export interface FakeClock {
  /** For the process. */
  readonly env: Record<string, string>;
  /** As libfaketime writes it: `+3600` is an hour ahead, `+0 x1.2` goes a fifth too fast. Taken up within a second. */
  set(time: string): void;
}

/** `monotonic`: the clock that only grows is changed too, which makes sense for rates and not for leaps. */
export function fakeClock(file: string, monotonic: boolean): FakeClock {
  const set = (time: string): void => writeFileSync(file, `${time}\n`);
  set('+0');
  return {
    set,
    env: {
      LD_PRELOAD: ensureFaketime(),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: monotonic ? '0' : '1',
    },
  };
}

function ensureFaketime(): string {
  return findOrInstall('libfaketime', ['faketime'], () => findFaketime());
}

function findFaketime(): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : [];
  return [...folders, '/usr/lib', '/usr/local/lib', '/usr/lib64']
    .map((folder) => join(folder, 'faketime/libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}
