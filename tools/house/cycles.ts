// No file reaches itself through its imports, types included: a cycle is one idea spread over several files.

import { importsOf, targetOf } from './imports.ts';
import type { Finding, Repository } from './repository.ts';

export function noCycles(repository: Repository): Finding[] {
  const edges = new Map<string, string[]>();
  for (const [file, source] of repository.sources) {
    const targets = importsOf(source).map(({ specifier }) => targetOf(file, specifier, repository));
    edges.set(
      file,
      targets.filter((target) => target !== undefined),
    );
  }
  const findings: Finding[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      findings.push({ file, line: 1, text: `imports itself: ${[...path.slice(at), file].join(' → ')}` });
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return findings;
}
