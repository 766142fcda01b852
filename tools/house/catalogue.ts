// Everything a user can meet stands in the reference: error codes, metrics, configuration keys, commands.
// The lists are read from the sources' text, so that the check needs nothing to run.

import type { Finding, Repository } from './repository.ts';
import { lineAt } from './source.ts';

interface Catalogue {
  readonly what: string;
  readonly source: string;
  readonly page: string;
  /** The names in the source, each with its place. */
  names(text: string, repository: Repository): { readonly name: string; readonly index: number }[];
}

const catalogues: readonly Catalogue[] = [
  {
    what: 'error code',
    source: 'packages/protocol/src/errors.ts',
    page: 'docs/reference/errors.md',
    names: (text) => keys(text, /^ {2}([A-Z][A-Z_]+): \{/gm),
  },
  {
    what: 'metric',
    source: 'packages/server/src/ports/metrics.ts',
    page: 'docs/reference/metrics.md',
    names: (text) => keys(text, /^ {2}(tidewheel_[a-z_]+): \{/gm),
  },
];

export function catalogueIsDocumented(repository: Repository): Finding[] {
  return catalogues.flatMap((catalogue) => {
    const text = repository.texts.get(catalogue.source);
    const page = repository.texts.get(catalogue.page);
    if (text === undefined || page === undefined) return [];
    return catalogue
      .names(text, repository)
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
