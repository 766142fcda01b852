// Everything a user can meet stands in the reference: error codes, metrics, configuration keys, environment variables.
// The lists are read from the sources' text, so that the check needs nothing to run; tools/reference.test.ts asks the
// command line itself for its commands.

import { isTestCode } from './layers.ts';
import type { Finding, Repository } from './repository.ts';
import { lineAt } from './source.ts';

interface Catalogue {
  readonly what: string;
  readonly source: string;
  readonly page: string;
  /** The names in the source, each with its place. */
  names(text: string): { readonly name: string; readonly index: number }[];
}

const catalogues: readonly Catalogue[] = [
  {
    what: 'error code',
    source: 'packages/protocol/src/errors.ts',
    page: 'docs/reference/errors.md',
    names: (text) => keys(text, /^ {2}([A-Z][A-Z_]+): \{/gm),
  },
  {
    what: 'error code',
    source: 'packages/protocol/src/errors-elastic.ts',
    page: 'docs/reference/errors.md',
    names: (text) => keys(text, /^ {2}([A-Z][A-Z_]+): \{/gm),
  },
  {
    what: 'metric',
    source: 'packages/server/src/ports/metrics.ts',
    page: 'docs/reference/metrics.md',
    names: (text) => keys(text, /^ {2}(tidewheel_[a-z_]+): \{/gm),
  },
  {
    what: 'configuration key',
    source: 'packages/server/src/config-keys.ts',
    page: 'docs/reference/config.md',
    names: (text) => keys(text, /^ {4}(?:key|flag|env): '([^']+)'/gm),
  },
];

/** A variable may be for the server, the command line or a job, so any page of the reference will do. */
export function variablesAreDocumented(repository: Repository): Finding[] {
  const pages = [...repository.texts]
    .filter(([file]) => /^docs\/reference\/.*\.md$/.test(file))
    .map(([, text]) => text);
  if (!repository.texts.has('docs/reference/config.md')) return [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const { file, withoutComments } of repository.sources.values()) {
    if (!/^packages\/(sdk|server)\/src\//.test(file) || isTestCode(file)) continue;
    for (const match of withoutComments.matchAll(/\bTIDEWHEEL_[A-Z][A-Z_]*[A-Z]\b/g)) {
      const [name] = match;
      if (seen.has(name) || pages.some((page) => page.includes(`\`${name}\``))) continue;
      seen.add(name);
      const line = lineAt(withoutComments, match.index);
      findings.push({ file, line, text: `the environment variable ${name} is missing in docs/reference/` });
    }
  }
  return findings;
}

export function catalogueIsDocumented(repository: Repository): Finding[] {
  return catalogues.flatMap((catalogue) => {
    const text = repository.texts.get(catalogue.source);
    const page = repository.texts.get(catalogue.page);
    if (text === undefined || page === undefined) return [];
    return catalogue
      .names(text)
      .filter(({ name }) => !page.includes(`\`${name}\``))
      .map(({ name, index }) => ({
        file: catalogue.source,
        line: lineAt(text, index),
        text: `the ${catalogue.what} ${name} is missing in ${catalogue.page}`,
      }));
  });
}

function keys(text: string, pattern: RegExp): { name: string; index: number }[] {
  return [...text.matchAll(pattern)].map((match) => ({ name: match[1] ?? '', index: match.index }));
}
