// The API client of one invocation: the SDK's client, connected as flags, environment and files say.

import { formatDuration } from '@tidewheel/protocol';
import { type Client, createClient } from '@tidewheel/sdk';
import type { CommandLine } from './command-line.ts';
import { type Connection, type ConnectionOptions, resolveConnection } from './connection.ts';

export interface Api {
  readonly client: Client;
  readonly connection: Connection;
  /** Which server and namespace, for messages before something is changed. */
  readonly describe: string;
}

export function openApi(cli: CommandLine, options: ConnectionOptions): Api {
  const connection = resolveConnection(options, cli.terminal);
  const { addresses, token, namespace, origin } = connection;
  let told = false;
  const onStale = (ageMs: number): void => {
    if (!told) cli.terminal.err(`the store does not answer: this is as it was ${formatDuration(ageMs)} ago\n`);
    told = true;
  };
  return {
    // A command that has changed nothing may follow one that has.
    client: createClient({ addresses, token, namespace, reads: 'primary', onStale }),
    connection,
    describe: `namespace ${namespace} at ${addresses.join(', ')} (${origin})`,
  };
}
