// Structured log lines through pino: one JSON object a line. A reader that stalls never blocks the master;
// what it cannot take is counted, and told when it reads again.

import pino, { type DestinationStream, type Logger } from 'pino';
import { serverLimits } from '../../core/limits.ts';
import type { Log, LogFields } from '../../ports/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** 1 is standard output, 2 standard error. */
  readonly fd?: number;
  /** Takes the lines instead, e.g. to print them for a person. */
  readonly stream?: DestinationStream;
}

export interface SystemLog extends Log {
  /** Writes what is still in memory, at once: for the last moment of a process. */
  flush(): void;
}

/** Names under which a secret could slip in, at the top and one level down. */
const secretNames = ['token', 'secret', 'password', 'authorization', 'cookie'];

export function openLog(options: LogOptions): SystemLog {
  const destination = options.stream === undefined ? descriptor(options.fd ?? 1) : undefined;
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.errWithCause },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    destination ?? options.stream,
  );
  return { ...logOf(logger), flush: () => destination?.flushSync() };
}

function descriptor(fd: number): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ fd, sync: false, maxLength: serverLimits.logLinesWaitingBytes });
  let dropped = 0;
  destination.on('drop', () => {
    dropped += 1;
  });
  destination.on('drain', () => {
    if (dropped === 0) return;
    destination.write(
      `${JSON.stringify({ level: 'warn', msg: 'log lines were dropped: their reader stalled', dropped })}\n`,
    );
    dropped = 0;
  });
  return destination;
}

function logOf(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    child: (fields: LogFields) => logOf(logger.child(fields)),
  };
}
