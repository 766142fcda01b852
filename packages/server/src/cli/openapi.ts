// `tidewheel openapi`: the API of a server, as OpenAPI 3.1.

import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';

export function openApiCommand(cli: CommandLine): Command {
  const command = new Command('openapi')
    .description('print the API of the server as OpenAPI 3.1')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['json', 'yaml']).default('json'));
  return withConnection(command).action(async (options: ConnectionOptions & { output: 'json' | 'yaml' }) => {
    const document = await openApi(cli, options).client.openApi();
    const { terminal } = cli;
    terminal.out(
      options.output === 'json'
        ? `${JSON.stringify(document, null, 2)}\n`
        : stringify(document, { aliasDuplicateObjects: false }),
    );
  });
}
