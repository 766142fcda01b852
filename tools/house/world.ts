// The world that slips past the linter: time, environment and modules reached in ways it has no rule for.

import { isTestCode, layerOf } from './layers.ts';
import type { Finding, Repository } from './repository.ts';
import { lineAt } from './source.ts';

const forbidden: readonly { readonly pattern: RegExp; readonly text: string }[] = [
  { pattern: /\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g, text: '`new Date()` reads the clock; take a time as an argument' },
  { pattern: /(?<!\bnew\s+)(?<![.\w$])Date\s*\(/g, text: '`Date()` reads the clock; take a time as an argument' },
  { pattern: /\bTemporal\s*\.\s*Now\b/g, text: '`Temporal.Now` reads the clock; take a time as an argument' },
  { pattern: /\bDate\s*(\?\.\s*)?\[|=\s*Date\b(?!\s*[.(|&])/g, text: 'an alias of Date hides a clock' },
  { pattern: /\b(process|globalThis)\s*(\?\.\s*)?\[/g, text: 'reach into it by name, so that rules can see it' },
  { pattern: /\bglobalThis\s*\.\s*(process|performance|Date|Math|setImmediate)\b/g, text: 'comes through a port' },
  { pattern: /\{[^{}]*\b(env|hrtime)\b[^{}]*\}\s*=\s*process\b/g, text: 'configuration is read once, in config.ts' },
  {
    pattern: /\{[^{}]*\bnow\b[^{}]*\}\s*=\s*Date\b|\{[^{}]*\brandom\b[^{}]*\}\s*=\s*Math\b/g,
    text: 'comes through a port',
  },
  { pattern: /\b(import\s*\(\s*|import\.meta\.)resolve\b/g, text: 'no resolving of modules at run time' },
];

/** Layers that are the world themselves, or speak to a human's terminal or browser. */
const atHomeInTheWorld = new Set(['drivers/system', 'sdk/node', 'sim/command', 'cli', 'main', 'console', 'examples']);

export function theWorldComesThroughPorts(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const { file, code } of repository.sources.values()) {
    const layer = layerOf(file);
    if (layer === undefined || isTestCode(file) || atHomeInTheWorld.has(layer.name)) continue;
    for (const { pattern, text } of forbidden) {
      for (const match of code.matchAll(pattern)) findings.push({ file, line: lineAt(code, match.index), text });
    }
  }
  return findings;
}

/** Core decides at once and from its arguments only, so it can be replayed. */
export function coreIsSynchronous(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const { file, code } of repository.sources.values()) {
    if (layerOf(file)?.name !== 'core' || isTestCode(file)) continue;
    for (const match of code.matchAll(/\b(async|await|Promise|queueMicrotask|AbortController)\b/g)) {
      findings.push({ file, line: lineAt(code, match.index), text: `core is synchronous; it has no ${match[1]}` });
    }
  }
  return findings;
}
