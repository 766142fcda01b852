// `npm run check`: format, lint, types and house rules at once, in less time than it takes to read the diff again.
// With paths (`npm run check -- packages/sdk`) it reports only what concerns them; the whole check decides.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parts } from './check-parts.ts';
import { repositoryRoot } from './house/repository.ts';

async function main(paths: readonly string[]): Promise<number> {
  const missing = paths.filter((path) => !existsSync(join(repositoryRoot, path)));
  if (missing.length > 0) {
    console.error(`check: no such path: ${missing.join(', ')} (paths are relative to the root of the repository)`);
    return 2;
  }
  const started = performance.now();
  const outcomes = await Promise.all(
    parts.map(async (part) => {
      const result = await part.run(paths);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${part.name} (${seconds} s)`);
      return { part, result };
    }),
  );
  const failed = outcomes.filter(({ result }) => !result.ok);
  for (const { part, result } of failed) console.log(`\n── ${part.name}\n${result.output.trim()}`);
  if (failed.some(({ part }) => part.name === 'format')) {
    console.log('\n`npm run format` mends the format (`npm run format -- PATH` only there).');
  }
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
