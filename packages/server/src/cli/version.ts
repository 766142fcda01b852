// `tidewheel version`: what is installed here.

import { Command } from 'commander';
import { type CommandLine, ownVersion } from './command-line.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';

export function versionCommand(cli: CommandLine): Command {
  return withOutput(new Command('version').description('print the version of this program')).action(
    (options: OutputOptions) => {
      const version = {
        version: ownVersion(),
        node: process.version,
        icu: process.versions.icu,
        zoneData: process.versions.tz,
      };
      new Output(cli.terminal, options).one(
        `tidewheel/${version.version}`,
        version,
        () => `tidewheel ${version.version} (Node ${version.node}, time zones ${version.zoneData})\n`,
      );
    },
  );
}
