// Keeps one worker process running and whole: starts it, listens to it, kills it when it hangs or falls silent, tells the masters
// so that its runs go elsewhere at once, and starts it anew after a pause that grows while it keeps dying.
//
//   start ──► runs ──drained, stopped, refused──► the supervisor ends with the same exit code
//     ▲         └──hung, silent, crashed──► attempts swept ──► masters told ──► pause ──┐
//     └──────────────────────────────────────────────────────────────────────────────────┘
//
// Masters are told only when the process has been reaped and nothing of its attempts is left: what they start elsewhere cannot
// overlap. When that cannot be confirmed, or no master answers, the lease does it, later.

import type { WorkerGone } from '@tidewheel/protocol';
import type { Client } from '../../client/client.ts';
import type { WorkerLog } from '../../worker/session-ports.ts';
import { createClient, type ClientOptions } from '../create-client.ts';
import { stderrLog } from '../stderr-log.ts';
import { type Death, SupervisedProcess } from './supervised-process.ts';

export interface SuperviseOptions extends ClientOptions {
  /**
   * Of Node: the program that runs the worker. It gives the worker `notesFd: 4` and `onHang: 'exit'`, and should end when its
   * descriptor 3 closes: then its supervisor is gone.
   */
  argv: readonly string[];
  /** The supervisor's own unless given. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  log?: WorkerLog | undefined;
}

const restartFirstMs = 500;
const restartMostMs = 30_000;
/** One that ran for so long is well again. */
const wellAfterMs = 60_000;
const detailChars = 8000;

/**
 * Runs a worker as a child process. SIGTERM and SIGINT are passed on: the first drains it, the second stops it, the third kills
 * it. Resolves with the exit code when the worker has ended as it should, or could not begin.
 */
export function superviseWorker(options: SuperviseOptions): Promise<number> {
  return new WorkerSupervisor(options).run();
}

class WorkerSupervisor {
  readonly #options: SuperviseOptions;
  readonly #log: WorkerLog;
  readonly #client: Client;
  #worker: SupervisedProcess | null = null;
  #signals = 0;
  #endPause: () => void = () => undefined;

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#log = options.log ?? stderrLog;
    this.#client = createClient(options);
  }

  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#pass(signal);
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, onSignal);
    try {
      return await this.#keep();
    } finally {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.off(name, onSignal);
    }
  }

  #pass(signal: NodeJS.Signals): void {
    this.#signals += 1;
    this.#endPause();
    this.#worker?.signal(this.#signals < 3 ? signal : 'SIGKILL');
  }

  async #keep(): Promise<number> {
    for (let pauseMs = restartFirstMs; ; pauseMs = Math.min(restartMostMs, 2 * pauseMs)) {
      const startedAt = performance.now();
      this.#worker = new SupervisedProcess(this.#options.argv, this.#options.env ?? process.env);
      const death = await this.#worker.death;
      this.#worker = null;
      if (!returns(death)) return death.code ?? 1;
      this.#tell(death);
      if (this.#signals > 0) return death.code ?? 1;
      if (performance.now() - startedAt > wellAfterMs) pauseMs = restartFirstMs;
      this.#log.error(`the worker process ${wordsOf(death)}`, { startsAgainInMs: pauseMs });
      await this.#pause(pauseMs);
      if (this.#signals > 0) return 0;
    }
  }

  #tell(death: Death): void {
    if (death.session === null || death.closed !== null) return;
    if (!death.swept) {
      this.#log.error(
        'processes of its attempts could not be ended: masters give its runs away when the lease runs out',
      );
      return;
    }
    const how: WorkerGone =
      death.killedFor === null
        ? { reason: 'crashed', detail: endOf(death) }
        : { reason: death.killedFor.reason, detail: death.killedFor.detail.slice(0, detailChars) };
    this.#client.workers.gone(death.session, how).catch((error: unknown) =>
      this.#log.warn('no master could be told: its runs go elsewhere when the lease runs out', {
        why: String(error),
      }),
    );
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Whether it is to be started again. One that never reached a master and gave up has something to say to who started it. */
function returns({ killedFor, signal, session, closed }: Death): boolean {
  if (killedFor !== null || signal !== null) return true;
  if (closed === 'drained' || closed === 'refused') return false;
  return session !== null;
}

function endOf({ code, signal }: Death): string {
  return signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
}

function wordsOf(death: Death): string {
  const { killedFor } = death;
  return killedFor === null
    ? `died: ${endOf(death)}`
    : `was killed, because it ${killedFor.reason === 'hung' ? 'hung' : 'was silent'}: ${killedFor.detail}`;
}
