// `tidewheel lock`: leases with fencing tokens for whatever must be done by one at a time, in scripts as in programs.

import { limits, type LockView, Refusal } from '@tidewheel/protocol';
import { Command, Option } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import { UsageError } from './failure.ts';
import { lockListing } from './listings.ts';
import { runUnderLock } from './lock-run.ts';
import { durationMs } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { listed, type PageOptions, withPage } from './paging.ts';

type Options = ConnectionOptions & OutputOptions;

export function lockCommand(cli: CommandLine): Command {
  return new Command('lock')
    .description('locks with fencing tokens')
    .addCommand(acquireCommand(cli))
    .addCommand(releaseCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(watchCommand(cli))
    .addCommand(runningCommand(cli));
}

interface TakeOptions {
  readonly ttl: number;
  readonly wait: number;
  readonly label?: string;
}

function withTake(command: Command): Command {
  return command
    .option('--ttl <duration>', 'life of the lock without a renewal', durationMs, limits.lockTtlDefaultMs)
    .option('--wait <duration>', 'how long to wait for it; not at all when absent', durationMs, 0)
    .option('--label <text>', 'what it is held for, for people');
}

function acquireCommand(cli: CommandLine): Command {
  const command = new Command('acquire')
    .description('take a lock and leave; it ends after its life, or by `lock release` with the hold that is printed')
    .argument('<name>', 'name of the lock');
  return withOutput(withConnection(withTake(command))).action(async (name: string, options: Options & TakeOptions) => {
    const { ttl, wait, label } = options;
    const { client } = openApi(cli, options);
    const lock = await client.locks.acquire(name, { ttl, wait, label, signal: cli.terminal.interruption() });
    // Nobody renews it from here on: the process ends.
    lock.leave();
    const taken = { name, token: lock.token, hold: lock.hold, ttlMs: lock.ttlMs };
    new Output(cli.terminal, options).one(`lock/${name}`, taken, () => `token ${lock.token}\nhold  ${lock.hold}\n`);
  });
}

interface ReleaseOptions extends ConnectionOptions {
  readonly hold?: string;
  readonly force?: boolean;
  readonly reason?: string;
}

function releaseCommand(cli: CommandLine): Command {
  const command = new Command('release')
    .description('give a lock back, or with --force take it away from its holder')
    .argument('<name>', 'name of the lock')
    .option('--hold <id>', 'the hold that `lock acquire` printed')
    .option('--force', 'whoever has it; it is written down with the reason')
    .option('--reason <text>', 'with --force: why, for those who find it gone');
  return withConnection(command).action(async (lock: string, options: ReleaseOptions) => {
    const name = lock.replace(/^lock\//, '');
    const { client } = openApi(cli, options);
    if (options.force === true) {
      if (options.reason === undefined) throw new UsageError('--force needs a --reason');
      const before = await client.locks.forceRelease(name, options.reason);
      cli.terminal.err(`took ${name} away from ${before.owner ?? 'its holder'} (token ${before.token})\n`);
      return;
    }
    if (options.hold === undefined)
      throw new UsageError('name the hold (--hold), or take the lock away (--force --reason)');
    if (!(await client.locks.release(name, options.hold)))
      throw new Refusal('LOCK_LOST', `"${name}" was not held by this hold any more`);
    cli.terminal.err(`released ${name}\n`);
  });
}

function listCommand(cli: CommandLine): Command {
  const command = new Command('list')
    .alias('ls')
    .description('list the locks that are held')
    .option('--free', 'also those that are free but were held lately', false);
  return withOutput(withConnection(withPage(command))).action(
    async (options: Options & PageOptions & { free: boolean }) => {
      const { client } = openApi(cli, options);
      const page = await listed(options, (query) => client.locks.list({ ...query, all: options.free }).page());
      new Output(cli.terminal, options).list(lockListing, page.items, page);
    },
  );
}

function watchCommand(cli: CommandLine): Command {
  const command = new Command('watch')
    .description('say who holds a lock, and again whenever that changes, until interrupted')
    .argument('<name>', 'name of the lock')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['table', 'jsonl']).default('table'));
  return withConnection(command).action(async (name: string, options: ConnectionOptions & { output: string }) => {
    const { terminal } = cli;
    const signal = terminal.interruption();
    try {
      for await (const lock of openApi(cli, options).client.locks.watch(name, { signal })) {
        const at = new Date(terminal.nowMs()).toISOString();
        terminal.out(options.output === 'jsonl' ? `${JSON.stringify(lock)}\n` : `${at}  ${stateText(lock)}\n`);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      cli.exitCode = exitCodes.interrupted;
    }
  });
}

function stateText(lock: LockView | null): string {
  if (lock === null || lock.state === 'free') return `free${lock === null ? '' : `, last token ${lock.token}`}`;
  return `held by ${lock.owner ?? 'unknown'}${lock.label === null ? '' : ` (${lock.label})`}, token ${lock.token}`;
}

function runningCommand(cli: CommandLine): Command {
  const command = new Command('run')
    .description(
      'run a command while holding a lock: `lock run NAME -- COMMAND …`. It is stopped when the lock is lost',
    )
    .argument('<name>', 'name of the lock')
    .argument('<command...>', 'the command with its arguments; it finds its token in TIDEWHEEL_LOCK_TOKEN')
    .option('--kill-after <duration>', 'from SIGTERM to SIGKILL when the lock is lost', durationMs, 3000);
  return withConnection(withTake(command)).action(
    async (name: string, argv: string[], options: ConnectionOptions & TakeOptions & { killAfter: number }) => {
      const { ttl, wait, label, killAfter } = options;
      const { client } = openApi(cli, options);
      const signal = cli.terminal.interruption();
      const lock = await client.locks.acquire(name, {
        ttl,
        wait,
        label: label ?? argv.join(' ').slice(0, 200),
        signal,
      });
      try {
        cli.exitCode = await runUnderLock(cli.terminal, lock, argv, { killAfterMs: killAfter, interrupted: signal });
      } finally {
        await lock.release();
      }
    },
  );
}
