// What `tidewheel dev` can be told.

import { limits } from '@tidewheel/protocol';
import { type Command, Option } from 'commander';
import { defaultDataDirectory } from '../connection.ts';
import { collect, wholeNumber } from '../option-values.ts';

export interface DevOptions {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly jobs: readonly string[];
  readonly tasks: readonly string[];
  readonly crontab: readonly string[];
  readonly companion: readonly string[];
  readonly slots: number;
  readonly open: 'yes' | 'no';
  readonly insecurePublicHttp: boolean;
}

export function withDevOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--data <dir>', 'where everything is kept').default(defaultDataDirectory).env('TIDEWHEEL_DATA'),
    )
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; when it is taken, the next free one', wholeNumber(0, 65_535), 7070)
    .option('--jobs <file>', 'declare the jobs of this file or directory; may be repeated', collect, [])
    .option('--tasks <file>', 'tasks in TypeScript or JavaScript for the worker; may be repeated', collect, [])
    .option('--crontab <file>', 'run this crontab too; may be repeated', collect, [])
    .option(
      '--companion <file>',
      'a program to run along, such as a server the jobs call; may be repeated',
      collect,
      [],
    )
    .option('--slots <n>', 'runs at the same time', wholeNumber(1, limits.workerSlots), 10)
    .addOption(new Option('--open <when>', 'open the console in a browser').choices(['yes', 'no']).default('no'))
    .option(
      '--insecure-public-http',
      'serve a public address without TLS, and accept that tokens travel in clear text',
      false,
    );
}
