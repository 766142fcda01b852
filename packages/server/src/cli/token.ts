// `tidewheel token`: who may do what. A secret is printed once, alone on stdout, so that it can go straight into a file.
// With --store the store itself is opened: for the first token of all, since whoever holds the store holds everything anyway.

import { type Role, roles } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { tokenListing } from './listings.ts';
import { durationMs } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';
import { signInLinkInStore, tokenInStore } from './token-store.ts';

type Options = ConnectionOptions & OutputOptions;
interface StoreOption {
  readonly store?: string;
}

const storeFlag = '--store <url>';
const storeHelp = 'act on this store itself instead of on a server: sqlite:FILE or postgres://…';

export function tokenCommand(cli: CommandLine): Command {
  return new Command('token')
    .description('who may do what')
    .addCommand(createCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(revokeCommand(cli))
    .addCommand(signInCommand(cli));
}

interface CreateOptions extends Options, StoreOption {
  readonly role: Role;
  readonly for: string;
  readonly expiresIn?: number;
}

function createCommand(cli: CommandLine): Command {
  const command = new Command('create')
    .description('make a token; its secret is printed once')
    .argument('<name>', 'to recognise it by')
    .addOption(new Option('--role <role>', 'what it permits').choices(roles).makeOptionMandatory())
    .option('--for <namespace>', 'the namespace that it is good for, or * for all', 'default')
    .option('--expires-in <duration>', 'lifetime; for ever when absent', durationMs)
    .option(storeFlag, storeHelp);
  return withOutput(withConnection(command)).action(async (name: string, options: CreateOptions) => {
    const request = {
      name,
      role: options.role,
      namespace: options.for,
      expiresInMs: options.expiresIn,
    };
    const created =
      options.store === undefined
        ? await openApi(cli, options).client.tokens.create(request)
        : await tokenInStore(options.store, request);
    const output = new Output(cli.terminal, options);
    if (output.forPeople)
      cli.terminal.err(
        `token ${created.name}: ${created.role} in ${created.namespace}; keep the secret, it is not shown again\n`,
      );
    output.one(`token/${created.id}`, created, () => `${created.secret}\n`);
  });
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list').alias('ls').description('list tokens, without their secrets');
  return withOutput(withConnection(withPage(command))).action(async (options: Options & PageOptions) => {
    const { client } = openApi(cli, options);
    const page = await listed(options, (query) => client.tokens.list(query).page());
    new Output(cli.terminal, options).list(tokenListing, page.items, page);
  });
}

function revokeCommand(cli: CommandLine): Command {
  const command = new Command('revoke')
    .description('make a token useless, within seconds')
    .argument('<id>', 'id of the token');
  return withConnection(command).action(async (id: string, options: ConnectionOptions) => {
    await openApi(cli, options).client.tokens.revoke(id.replace(/^token\//, ''));
    cli.terminal.err(`revoked ${id}\n`);
  });
}

function signInCommand(cli: CommandLine): Command {
  const command = new Command('sign-in')
    .description('make a one-time link into the console')
    .option(storeFlag, storeHelp);
  return withOutput(withConnection(command)).action(async (options: Options & StoreOption) => {
    const output = new Output(cli.terminal, options);
    const api = options.store === undefined ? openApi(cli, options) : null;
    const link = api === null ? await signInLinkInStore(options.store ?? '') : await api.client.tokens.signInLink();
    const url = api === null ? link.path : `${api.connection.addresses[0]}${link.path}`;
    output.one(url, { ...link, url }, () => `${url}\n`);
    if (output.forPeople) cli.terminal.err(`good for one sign-in, until ${output.times(link.expiresAt)}\n`);
  });
}
