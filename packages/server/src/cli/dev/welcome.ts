// What `dev` says once it is ready: where the console is, what runs, how to stop.

import type { Change } from '@tidewheel/protocol';
import { paint } from '../table.ts';
import { roughLength, tookText } from '../time-text.ts';

export interface Started {
  readonly address: string;
  /** The one-time link. */
  readonly signIn: string;
  readonly linkGoodMs: number;
  /** The port that was asked for and taken by another program. */
  readonly portTaken: number | null;
  readonly changes: readonly Change[];
  readonly files: readonly string[];
  readonly tasks: readonly string[];
  readonly notes: readonly string[];
  readonly slots: number;
  readonly namespace: string;
  readonly tookMs: number;
}

export function welcomeText(started: Started, colour: boolean): string {
  const label = (text: string): string => `  ${paint(text.padEnd(9), 'dim', colour)}`;
  const lines = [
    '',
    `${label('console')}${paint(started.signIn, 'cyan', colour)}`,
    `${label('')}${paint(`this link signs in once, within ${roughLength(started.linkGoodMs)}; another: tidewheel token sign-in`, 'dim', colour)}`,
    ...(started.portTaken === null
      ? []
      : [
          `${label('')}port ${started.portTaken} is taken by another program, so it is ${new URL(started.address).port}`,
        ]),
    ...jobsLines(started, label),
    `${label('worker')}one process, ${started.slots} slots${started.tasks.length === 0 ? '' : `, tasks of ${started.tasks.join(', ')}`}`,
    `${label('stop')}Ctrl-C finishes what runs; twice stops at once`,
    ...started.notes.map((note) => `${label('note')}${note}`),
    '',
    `${paint('ready', 'green', colour)} in ${tookText(started.tookMs)}`,
    '',
  ];
  return lines.join('\n');
}

function jobsLines({ files, tasks, changes }: Started, label: (text: string) => string): string[] {
  if (files.length === 0 && tasks.length > 0) return [];
  if (files.length === 0) return [`${label('jobs')}none declared here; try: tidewheel dev --jobs examples/jobs.yaml`];
  const jobs = changes.filter((change) => change.kind === 'job');
  const words = (['create', 'update', 'delete'] as const).flatMap((action) => {
    const count = jobs.filter((change) => change.action === action).length;
    return count === 0 ? [] : [`${count} ${{ create: 'new', update: 'changed', delete: 'deleted' }[action]}`];
  });
  const kept = jobs.filter((change) => change.action !== 'delete').length;
  return [`${label('jobs')}${kept} from ${files.join(', ')}${words.length === 0 ? '' : ` (${words.join(', ')})`}`];
}
