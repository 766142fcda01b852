// Waits for a run to reach its end and turns the outcome into an exit code. The run does not care whether somebody waits.

import { isFinal, Refusal, type RunView } from '@tidewheel/protocol';
import type { Client } from '@tidewheel/sdk';
import type { Command } from 'commander';
import type { CommandLine } from './command-line.ts';
import { exitCodeOfRun, exitCodes } from './exit-codes.ts';
import { ranIntoTimeout, styleOfState, tookOf } from './listings.ts';
import { durationMs } from './option-values.ts';
import type { Output } from './output.ts';
import { paint } from './table.ts';
import { visibleLine } from './text-width.ts';

export interface WaitOptions {
  readonly wait: boolean;
  readonly waitTimeout?: number;
}

const firstLookMs = 100;
const slowestLookMs = 1000;

export function withWait(command: Command): Command {
  return command
    .option('--wait', 'wait for the end; exit code 0 succeeded, 10 failed, 11 canceled, 12 timed out', false)
    .option(
      '--wait-timeout <duration>',
      'give up waiting after this long, with exit code 124; the run goes on',
      durationMs,
    );
}

/** Null when the person interrupted the waiting. Throws WAIT_TIMED_OUT. */
export async function awaitRun(
  cli: CommandLine,
  client: Client,
  runId: string,
  options: Pick<WaitOptions, 'waitTimeout'>,
): Promise<RunView | null> {
  const { terminal } = cli;
  const interrupted = terminal.interruption();
  const giveUpAt =
    options.waitTimeout === undefined ? Number.POSITIVE_INFINITY : terminal.nowMs() + options.waitTimeout;
  for (let delayMs = firstLookMs; ; delayMs = Math.min(slowestLookMs, delayMs * 1.5)) {
    const run = await client.runs.get(runId);
    if (isFinal(run.state)) return run;
    if (interrupted.aborted) return null;
    const leftMs = giveUpAt - terminal.nowMs();
    if (leftMs <= 0) throw new Refusal('WAIT_TIMED_OUT', `run ${runId} is still ${run.state}`);
    await terminal.sleep(Math.min(delayMs, leftMs), interrupted);
  }
}

/** Prints how it ended and sets the exit code that the outcome has. */
export function reportOutcome(cli: CommandLine, output: Output, run: RunView | null): void {
  if (run === null) {
    cli.terminal.err('not waiting any longer; the run goes on\n');
    cli.exitCode = exitCodes.interrupted;
    return;
  }
  cli.exitCode = exitCodeOfRun(run.state, ranIntoTimeout(run));
  output.one(`run/${run.id}`, run, () => `${outcomeText(run, cli.terminal.outColour)}\n`);
}

function outcomeText(run: RunView, colour: boolean): string {
  const took = tookOf(run);
  const tries = run.attempt > 1 ? `, attempt ${run.attempt} of ${run.attemptsMax}` : '';
  const error = run.error === null ? '' : `: ${visibleLine(run.error.message)}`;
  return `${paint(run.state, styleOfState(run.state), colour)}${took === '' ? '' : ` in ${took}`}${tries}${error}`;
}
