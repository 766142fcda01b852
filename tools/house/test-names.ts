// A test's name is how a failure is found again, so it stands once per file and is a sentence.

import type { Finding, Repository } from './repository.ts';
import { lineAt } from './source.ts';

const named = /(?<![.\w$])(test|it)(?:\.(?:only|skip|todo))?\s*\(\s*(['"`])((?:\\.|(?!\2)[^\\])*)\2/g;

export function testNamesAreUnique(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const { file, withoutComments, code } of repository.sources.values()) {
    if (!/\.test\.tsx?$/.test(file)) continue;
    const seen = new Map<string, number>();
    for (const match of withoutComments.matchAll(named)) {
      const name = match[3] ?? '';
      // A name with a placeholder is made anew in each turn of a loop; a call inside a string is no call.
      if (name.includes('${') || code[match.index] === ' ') continue;
      const line = lineAt(withoutComments, match.index);
      const suite = suiteAt(code, withoutComments, match.index);
      const key = `${suite}\n${name}`;
      const before = seen.get(key);
      if (before !== undefined)
        findings.push({ file, line, text: `the test "${name}" stands in line ${before} already` });
      if (!/\s/.test(name.trim())) findings.push({ file, line, text: `the test name "${name}" is not a sentence` });
      seen.set(key, line);
    }
    for (const match of code.matchAll(/(?<![.\w$])(test|it|describe|suite)\.only\s*\(/g)) {
      findings.push({ file, line: lineAt(code, match.index), text: '`.only` hides every other test' });
    }
  }
  return findings;
}

/** The nearest `describe` before this place that is indented less: enough for code that a formatter keeps. */
function suiteAt(code: string, text: string, index: number): string {
  const indent = indentAt(code, index);
  let nearest = '';
  for (const match of text.matchAll(/(?<![.\w$])(?:describe|suite)\s*\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)) {
    if (match.index >= index) break;
    if (indentAt(code, match.index) < indent) nearest = match[2] ?? '';
  }
  return nearest;
}

function indentAt(code: string, index: number): number {
  return index - (code.lastIndexOf('\n', index - 1) + 1);
}
