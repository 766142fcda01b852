// A scaler that is a program of the operator: started for each question and spoken to in JSON over its standard input and output. It is
// one that the configuration names, and sees none of the master's own environment, where secrets may be.

import { formatDuration, type PoolDriver, Refusal } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { contractScaler, type ScalerCarrier } from '../../ports/contract-scaler.ts';
import type { ScaledPool, Scaler } from '../../ports/scaler.ts';
import { Program } from './program.ts';

export interface CommandScalerOptions {
  /** Programs that may be started, by absolute paths: pools are declared by others than those who run the masters. */
  readonly allowed: readonly string[];
  /** Of the master; a program gets the few variables of `passedOn`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Where programs, and what they call, are found; no variable in which a secret may be. */
const passedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
const saidCharacters = 400;
const stopping = 'this master is stopping';

export function commandScaler(options: CommandScalerOptions): Scaler {
  return contractScaler(new Programs(options));
}

class Programs implements ScalerCarrier {
  readonly #options: CommandScalerOptions;
  readonly #running = new Set<Program>();
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(options: CommandScalerOptions) {
    this.#options = options;
  }

  refuses(driver: PoolDriver): string | null {
    const program = driver.kind === 'command' ? (driver.command[0] ?? '') : '';
    return this.#options.allowed.includes(program) ? null : `names ${program}, which is not in \`scaler.commands\``;
  }

  nameOf(pool: ScaledPool): string {
    return commandOf(pool).command[0] ?? '';
  }

  async carry(pool: ScaledPool, text: string): Promise<string> {
    const [name = '', ...words] = commandOf(pool).command;
    const { clock } = this.#options;
    while (this.#running.size >= serverLimits.scalerPrograms && !this.#closed)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) throw new Refusal('SCALER_FAILED', `${name}: ${stopping}`);
    const { scalerAnswerBytes: outputBytes, scalerErrorBytes: errorBytes } = serverLimits;
    const environment = this.#environmentOf(pool);
    const program = new Program({ program: name, words, environment, text, outputBytes, errorBytes, clock });
    this.#running.add(program);
    const { timeout } = commandOf(pool);
    const timer = clock.timer(timeout, () => program.kill(`it took longer than ${formatDuration(timeout)}`));
    const { why, output, said } = await program.ended;
    timer.cancel();
    this.#running.delete(program);
    this.#wakeAll();
    if (why === null) return output;
    const told = said.trim().slice(-saidCharacters);
    throw new Refusal('SCALER_FAILED', `${name}: ${why}${told === '' ? '' : `: ${told}`}`);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
    for (const program of this.#running) program.kill(stopping);
    await Promise.all([...this.#running].map((program) => program.ended));
  }

  #wakeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #environmentOf({ namespace, name }: ScaledPool): Record<string, string> {
    const { environment } = this.#options;
    const passed = passedOn.flatMap((variable) => {
      const value = environment[variable];
      return value === undefined ? [] : [[variable, value] as const];
    });
    const own = { TIDEWHEEL_NAMESPACE: namespace, TIDEWHEEL_POOL: name };
    return { PATH: '/usr/local/bin:/usr/bin:/bin', ...Object.fromEntries(passed), ...own };
  }
}

function commandOf({ driver }: ScaledPool): { readonly command: readonly string[]; readonly timeout: number } {
  if (driver.kind !== 'command') throw new TypeError(`a pool of the driver ${driver.kind} has no command`);
  return driver;
}
