// `tidewheel server`: one master on a store. On PostgreSQL any number of them share the work; none is special.

import { writeFileSync } from 'node:fs';
import { Refusal } from '@tidewheel/protocol';
import { Command } from 'commander';
import type { OpenStore } from '../compose.ts';
import { configKeys, readConfig, type ServerConfig } from '../config.ts';
import type { Log } from '../ports/log.ts';
import { type CommandLine, ownVersion } from './command-line.ts';
import { exitCodes } from './exit-codes.ts';
import { readSettings } from './settings-file.ts';

export function serverCommand(cli: CommandLine): Command {
  const command = new Command('server')
    .description('run a master on a store')
    .option('--config <file>', 'configuration file (TIDEWHEEL_CONFIG)');
  for (const key of configKeys) {
    const flags = key.placeholder === null ? key.flag : `${key.flag} <${key.placeholder}>`;
    const fallback = key.fallback === null || key.placeholder === null ? '' : `; default ${key.fallback}`;
    command.option(flags, `${key.help} (${key.env}${fallback})`);
  }
  return command.action(async (options: Record<string, string | boolean | undefined>) => {
    cli.exitCode = await serve(cli, configOf(cli, options, command));
  });
}

function configOf(
  cli: CommandLine,
  options: Record<string, string | boolean | undefined>,
  command: Command,
): ServerConfig {
  const named = typeof options['config'] === 'string' ? options['config'] : undefined;
  const settings = readSettings(cli.terminal, named);
  // Keyed by the flag as typed, since that is what a message has to name.
  const flags = Object.fromEntries(
    command.options.map((option) => [option.long?.slice(2) ?? '', options[option.attributeName()]]),
  );
  const file = settings === null ? null : { path: settings.path, server: settings.server };
  return readConfig({ flags, env: cli.terminal.env, file });
}

async function serve(cli: CommandLine, config: ServerConfig): Promise<number> {
  // Loaded here, so that commands of the client side do not pay for drivers and the HTTP server.
  const { compose, serverLog } = await import('../compose.ts');
  const log = serverLog(config.logLevel);
  cli.terminal.outliveReader();
  const interrupted = cli.terminal.interruption();
  const defect = Promise.withResolvers<never>();
  const system = await compose(config, { version: ownVersion(), log, fatal: defect.reject });
  try {
    await firstToken(system.store, config, log);
    log.info('ready', { address: system.address, store: config.store.engine, master: system.master.id });
    await Promise.race([aborted(interrupted), defect.promise]);
    log.info('stopping', { reason: String(interrupted.reason) });
    await system.stop();
    log.flush();
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'STORE_CLOSED') {
      // Nothing is wrong here: what this master holds is settled, and whoever waits for the store gets it at once.
      log.warn('the store is closed; stopping', { why: error.message });
      await system.stop();
      log.flush();
      throw error;
    }
    // Nothing in this process can be trusted any more; what is committed is whole, and another master goes on.
    log.error('stopped by a defect', { error });
    log.flush();
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** There is no default password: a new store has nobody who could sign in, and says how to change that. */
async function firstToken(store: OpenStore, config: ServerConfig, log: Log): Promise<void> {
  if (await store.hasAdmin()) return;
  const path = config.bootstrapTokenFile;
  if (path === null) {
    log.warn(
      'nobody can sign in yet: make a token with `tidewheel token create NAME --role admin --for "*" --store URL`',
    );
    return;
  }
  const { secret } = await store.createToken({ name: 'bootstrap', role: 'admin', namespace: '*' });
  try {
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    await store.revokeTokens('bootstrap');
    throw new Refusal('INVALID_CONFIG', `bootstrapTokenFile: ${path} cannot be written, or exists`, { cause: error });
  }
  log.info('made the first admin token', { file: path });
}
