// What a file looks like from outside: its length, its name, its opening sentence, and notes that nobody will find again.

import type { Finding, Repository } from './repository.ts';
import { lineAt, type Source } from './source.ts';

const lineLimit = 400;
const bannedNames = /(^|[-/])(utils?|helpers?|common|misc|types|interfaces|stuff)\.[a-z]+$/;
const bannedFolders = /(^|\/)(utils?|helpers?|common|misc|types|interfaces)\//;

/** Written by a generator and read by nobody: tools/generate-proto.ts. */
const generated = /_pb\.ts$/;

export function filesAreShort(repository: Repository): Finding[] {
  return each(repository, ({ file, text }) => {
    if (generated.test(file)) return [];
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return lines > lineLimit ? [{ file, line: lineLimit, text: `${lines} lines; the limit is ${lineLimit}` }] : [];
  });
}

export function filesOpenWithTheirPurpose(repository: Repository): Finding[] {
  return each(repository, ({ file, text }) => {
    // A test beside the file that it tests has the purpose of that file.
    if (repository.texts.has(file.replace(/\.test\.(tsx?)$/, '.$1')) && /\.test\./.test(file)) return [];
    const opening = text.replace(/^#!.*\n/, '');
    const comment = /^(?:\/\/[^\n]*\n)+|^\/\*[\s\S]*?\*\//.exec(opening)?.[0];
    if (comment === undefined)
      return [{ file, line: 1, text: 'does not open with a comment that says what it is for' }];
    const words = comment
      .replace(/^\s*(\/\/|\/\*+|\*+\/?)/gm, ' ')
      .trim()
      .split(/\s+/);
    return words.length < 5 ? [{ file, line: 1, text: 'its opening comment is not a sentence' }] : [];
  });
}

export function namesSayWhatIsInside(repository: Repository): Finding[] {
  return [...repository.texts.keys()]
    .filter((file) => bannedNames.test(file) || bannedFolders.test(file))
    .map((file) => ({ file, line: 1, text: 'this name says nothing; name the one idea that the file holds' }));
}

export function notesCanBeFound(repository: Repository): Finding[] {
  return each(repository, ({ file, text, withoutComments }) => {
    const findings: Finding[] = [];
    for (const match of text.matchAll(/\b(TODO|FIXME|XXX|HACK)\b([^\n]*)/g)) {
      const inComment = withoutComments[match.index] === ' ';
      if (!inComment || (match[1] === 'TODO' && /docs\/decisions\/[\w-]+\.md/.test(match[2] ?? ''))) continue;
      const mend = match[1] === 'TODO' ? 'name the note in docs/decisions/ that it belongs to' : 'mend it now';
      findings.push({ file, line: lineAt(text, match.index), text: `${match[1]}: ${mend}` });
    }
    return findings;
  });
}

function each(repository: Repository, rule: (source: Source) => Finding[]): Finding[] {
  return [...repository.sources.values()].flatMap(rule);
}
