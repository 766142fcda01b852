// The API client of one invocation: the SDK's client, connected as flags, environment and files say.

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
  return {
    client: createClient({ addresses, token, namespace }),
    connection,
    describe: `namespace ${namespace} at ${addresses.join(', ')} (${origin})`,
  };
}
