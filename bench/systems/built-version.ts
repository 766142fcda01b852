// The program as it is published: JavaScript. From source, stripping the types takes time at every start and memory for good, which a measure
// of start and memory must not count.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../test/support/tidewheel.ts';
import type { Version } from './cluster.ts';

let built: Version | undefined;

/** With which the manifests in deploy/ start masters. */
export const nodeOptions = ['--max-semi-space-size=8'];

/** Built once in each benchmark. */
export function builtVersion(): Version {
  built ??= build();
  return built;
}

function build(): Version {
  for (const name of ['protocol', 'sdk', 'server']) {
    execFileSync(process.execPath, ['--conditions=source', '../../tools/build.ts', name], {
      cwd: join(repositoryRoot, 'packages', name),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return { program: [...nodeOptions, join(repositoryRoot, 'packages/server/dist/main.js')], root: repositoryRoot };
}
