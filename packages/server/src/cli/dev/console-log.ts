// The master's log for a person at a terminal: warnings and errors as lines, everything else kept quiet.

import type { Log, LogFields } from '../../ports/log.ts';
import { visibleLine } from '../text-width.ts';

export function consoleLog(say: (text: string) => void, bound: LogFields = {}): Log {
  const line = (level: string, message: string, fields: LogFields = {}): void => {
    const rest = Object.entries({ ...bound, ...fields }).map(([key, value]) => `${key}=${valueText(value)}`);
    say(visibleLine([level, message, ...rest].join('  ')));
  };
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (message, fields) => line('warning', message, fields),
    error: (message, fields) => line('error', message, fields),
    child: (fields) => consoleLog(say, { ...bound, ...fields }),
  };
}

function valueText(value: unknown): string {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
}
