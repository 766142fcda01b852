// Commands that a reader can paste into a POSIX shell. Everything that came from data is quoted.

export function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export interface Target {
  readonly origin: string;
  readonly namespace: string;
  readonly job: string;
  /** JSON text, or null for none. */
  readonly payload: string | null;
}

export function cliSnippet({ namespace, job, payload }: Target): string {
  const parts = ['tidewheel job trigger', shellQuoted(job)];
  if (namespace !== 'default') parts.push('--namespace', shellQuoted(namespace));
  const command = parts.join(' ');
  return payload === null ? command : `${command} \\\n  --payload ${shellQuoted(payload)}`;
}

export function curlSnippet({ origin, namespace, job, payload }: Target): string {
  const body = payload === null ? JSON.stringify({ job }) : `{"job":${JSON.stringify(job)},"payload":${payload}}`;
  return [
    `curl -X POST ${shellQuoted(`${origin}/v1/namespaces/${encodeURIComponent(namespace)}/runs`)} \\`,
    `  -H "Authorization: Bearer $TIDEWHEEL_TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${shellQuoted(body)}`,
  ].join('\n');
}
