// Where backups lie, for commands that work without a master: the same keys as a server has, from flags, environment and file.

import type { Command } from 'commander';
import { type BackupConfig, configKeys, readConfig } from '../config.ts';
import { UsageError } from './failure.ts';
import { readSettings } from './settings-file.ts';
import type { Terminal } from './terminal.ts';

export interface TargetOptions {
  readonly backupTarget?: string;
  readonly keyFile?: string;
  readonly credentialsFile?: string;
  readonly backupScratch?: string;
  readonly postgresPrograms?: string;
  readonly config?: string;
}

const flags = ['--backup-target', '--key-file', '--credentials-file', '--backup-scratch', '--postgres-programs'];

export function withTarget(command: Command, only: readonly string[] = flags): Command {
  for (const { flag, placeholder, help, env } of configKeys)
    if (only.includes(flag)) command.option(`${flag} <${placeholder}>`, `${help} (${env})`);
  return command;
}

/** Commands that take a connection know `--config` already. */
export function withConfigFile(command: Command): Command {
  return command.option('--config <file>', 'configuration file (TIDEWHEEL_CONFIG)');
}

/** Null when no target is named anywhere. */
export function targetNamed(options: TargetOptions, terminal: Terminal): BackupConfig | null {
  const settings = readSettings(terminal, options.config);
  const named = {
    'backup-target': options.backupTarget,
    'key-file': options.keyFile,
    'credentials-file': options.credentialsFile,
    'backup-scratch': options.backupScratch,
    'postgres-programs': options.postgresPrograms,
  };
  const file = settings === null ? null : { path: settings.path, server: settings.server };
  return readConfig({ flags: named, env: terminal.env, file }).backup;
}

export function targetOf(options: TargetOptions, terminal: Terminal): BackupConfig {
  const config = targetNamed(options, terminal);
  if (config !== null) return config;
  throw new UsageError(
    'name the place of the backups with --backup-target, TIDEWHEEL_BACKUP_TARGET or `backup.target` in the file',
  );
}
