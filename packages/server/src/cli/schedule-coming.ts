// `tidewheel schedule coming`: the fires ahead in buckets of time, with bars, so that crowded hours are seen before they come.

import type { ComingBucket, ComingFires } from '@tidewheel/protocol';
import { Command } from 'commander';
import { openApi } from './api.ts';
import type { CommandLine } from './command-line.ts';
import { type ConnectionOptions, withConnection } from './connection.ts';
import { durationMs, momentOf } from './option-values.ts';
import { Output, type OutputOptions, withOutput } from './output.ts';
import { tookText } from './time-text.ts';

interface ComingOptions extends ConnectionOptions, OutputOptions {
  readonly from?: string;
  readonly for: number;
  readonly by?: number;
}

const barCells = 30;

export function comingCommand(cli: CommandLine): Command {
  const command = new Command('coming')
    .description('count the fires to come, and show where they need more slots than there are')
    .option('--from <time>', 'from this time on instead of now')
    .option('--for <duration>', 'so far ahead', durationMs, 86_400_000)
    .option('--by <duration>', 'length of one line; chosen by the range when absent', durationMs);
  return withOutput(withConnection(command)).action(async (options: ComingOptions) => {
    const from = momentOf('--from', options.from, cli.terminal) ?? cli.terminal.nowMs();
    const query = { from, to: from + options.for, bucket: options.by };
    const coming = await openApi(cli, options).client.schedules.coming(query);
    const output = new Output(cli.terminal, options);
    output.list(listingOf(coming), coming.buckets, coming);
    if (output.forPeople) cli.terminal.err(summaryText(coming));
  });
}

function listingOf(coming: ComingFires) {
  const most = Math.max(1, ...coming.buckets.map((bucket) => bucket.fires));
  return {
    name: (bucket: ComingBucket) => new Date(bucket.at).toISOString(),
    empty: 'no time to look at',
    columns: (times: (at: number) => string) => [
      { title: 'FROM', value: (bucket: ComingBucket) => times(bucket.at) },
      { title: 'FIRES', value: (bucket: ComingBucket) => String(bucket.fires), right: true },
      { title: 'PEAK/S', value: (bucket: ComingBucket) => String(bucket.peak), right: true },
      { title: 'WORK', value: (bucket: ComingBucket) => tookText(bucket.workMs), right: true },
      {
        title: 'LOAD',
        value: ({ load }: ComingBucket) => (load === null ? '' : `${Math.round(load * 100)}%`),
        right: true,
        style: ({ load }: ComingBucket) => (load !== null && load > 1 ? ('red' as const) : undefined),
      },
      { title: '', value: ({ fires }: ComingBucket) => '█'.repeat(Math.round((fires / most) * barCells)) },
      { title: 'MOST WORK', value: ({ top }: ComingBucket) => top[0]?.schedule ?? '', shrink: true },
    ],
  };
}

function summaryText({ fires, schedules, slots, buckets, estimated, truncated }: ComingFires): string {
  const crowded = buckets.filter((bucket) => bucket.load !== null && bucket.load > 1).length;
  const lines = [`${fires} fires of ${schedules} schedules; ${slots === 0 ? 'no worker is there' : `${slots} slots`}`];
  if (crowded > 0) lines.push(`${crowded} of these lines need more slots than there are`);
  if (estimated.length > 0) lines.push(`extrapolated, because they fire so often: ${estimated.join(', ')}`);
  if (truncated) lines.push('there are more schedules than are counted here');
  return `${lines.join('\n')}\n`;
}
