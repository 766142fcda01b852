// The worker's own log lines, one a line on stderr, for those who give no log of their own. Attempts' output never goes here.

import type { WorkerLog } from '../worker/session-ports.ts';

type Level = keyof WorkerLog;

/** Debug lines are left out. */
export const stderrLog: WorkerLog = {
  debug: () => undefined,
  info: (message, fields) => write('info', message, fields),
  warn: (message, fields) => write('warn', message, fields),
  error: (message, fields) => write('error', message, fields),
};

function write(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const facts = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  process.stderr.write(`${new Date().toISOString()} ${level.padEnd(5)} tidewheel: ${message}${facts.join('')}\n`);
}
