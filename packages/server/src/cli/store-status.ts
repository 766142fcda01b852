// `tidewheel store status`: how large the store is, what is large in it, how it grows, and when it will be full.

import { bytesText, type StoreStatus } from '@tidewheel/protocol';
import { Command } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { tableSizeListing } from './listings-retention.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { paint, renderFields } from './table.ts';

export function storeStatusCommand(cli: CommandLine): Command {
  const command = new Command('status').description(
    'show the size of each table, the growth and when the store will be full; exit code 0: there is room, 1: it is filling up',
  );
  return withOutput(withConnection(command)).action(async (options: ConnectionOptions & OutputOptions) => {
    const status = await openApi(cli, options).client.retention.store();
    const output = new Output(cli.terminal, options);
    output.list(tableSizeListing, status.tables, status);
    if (output.forPeople) cli.terminal.out(`\n${storeText(status, output.times, cli.terminal.outColour)}\n`);
    cli.exitCode = status.level === 'ok' ? 0 : 1;
  });
}

function storeText(status: StoreStatus, times: (at: number) => string, colour: boolean): string {
  const { level, usedBytes, reusableBytes, freeBytes, freeOf, reserveBytes, growthBytesPerDay, fullAt, lastPass } =
    status;
  const style = level === 'ok' ? 'green' : level === 'filling' ? 'yellow' : 'red';
  const words = { ok: 'there is room', filling: 'it is filling up', full: 'new runs are refused' };
  return renderFields(
    [
      ['level', paint(words[level], style, colour)],
      [
        'used',
        `${bytesText(usedBytes)}${reusableBytes > 0 ? `, and ${bytesText(reusableBytes)} to be used again` : ''}`,
      ],
      [
        'free',
        freeBytes === null ? 'unknown; say a budget (store.budget)' : `${bytesText(freeBytes)} of the ${freeOf ?? ''}`,
      ],
      ['reserve', `${bytesText(reserveBytes)}: below it new runs are refused`],
      ['growth', growthBytesPerDay === null ? 'not measured for long enough' : `${bytesText(growthBytesPerDay)} a day`],
      ['full', fullAt === null ? 'not in sight' : times(fullAt)],
      [
        'ledger',
        status.ledgerFrom === 0
          ? 'all fires are kept'
          : `fires are kept from ${new Date(status.ledgerFrom).toISOString()}`,
      ],
      ['removed', lastPass === null ? 'nothing yet' : `${times(lastPass.at)}: ${passText(lastPass)}`],
    ],
    colour,
  );
}

function passText({ runs, logChunks, fires, others, partitions }: NonNullable<StoreStatus['lastPass']>): string {
  const days = partitions > 0 ? `, ${partitions} partitions` : '';
  return `${runs} runs, ${logChunks} log chunks, ${fires} fires, ${others} other rows${days}`;
}
