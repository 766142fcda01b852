// Nothing in the repository tells on whose machine it was made or which mirror its packages came from.

import type { Finding, Repository } from './repository.ts';
import { lineAt } from './source.ts';

const traces: readonly { readonly pattern: RegExp; readonly text: string }[] = [
  {
    pattern: /(?<![\w./-])\/(work|home\/(?!me\/|you\/)[a-z][\w-]*|Users\/(?!me\/|you\/)[A-Za-z][\w-]*|root)\/[\w.]/g,
    text: 'a path of one machine',
  },
  { pattern: /\b[A-Z]:\\Users\\/g, text: 'a path of one machine' },
  {
    pattern: /\bhttps?:\/\/(registry\.[\w.-]+|[\w.-]*(artifactory|nexus|verdaccio|jfrog)[\w.-]*)/gi,
    text: 'a registry host',
  },
  { pattern: /"resolved":\s*"(https?|git|file):/g, text: 'a registry host' },
  { pattern: /\bhttps?:\/\/(10|192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d{1,3}){2,3}\b/g, text: 'a private address' },
  { pattern: /\b_authToken\s*=|\bnpm_[A-Za-z0-9]{36}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b/g, text: 'a token' },
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/g, text: 'a private key' },
];

export function noTracesOfAMachine(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const [file, content] of repository.texts) {
    // The rule and its test must be able to name what they look for.
    if (file.startsWith('tools/house/') || file === 'tools/tidy.test.ts') continue;
    for (const { pattern, text } of traces) {
      for (const match of content.matchAll(pattern)) {
        findings.push({ file, line: lineAt(content, match.index), text: `${text}: ${match[0]}` });
      }
    }
  }
  return findings;
}
