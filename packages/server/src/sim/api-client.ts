// Calls of the API through the simulated network: the request may be lost, the master may die over it, the answer may be lost.
// What the caller learns is one of: done, refused (so nothing was done), unknown.

import { Refusal } from '@tidewheel/protocol';
import { OutcomeUnknown, StoreUnavailable } from '../ports/database.ts';
import type { Master } from '../master/master.ts';
import type { Answer, GroundTruth } from './ground-truth.ts';
import type { Network } from './network.ts';
import { describe, type SimMaster } from './sim-master.ts';
import type { SimProcess } from './sim-process.ts';

const patienceMs = 8000;

export class ApiClient {
  readonly process: SimProcess;
  readonly #network: Network;
  readonly #truth: GroundTruth;

  constructor(process: SimProcess, network: Network, truth: GroundTruth) {
    this.process = process;
    this.#network = network;
    this.#truth = truth;
  }

  /**
   * Calls `answer` exactly once, unless its process ends before; and `over` once, later or earlier, when nothing of this call can happen any more: a master that
   * was paused may carry out a request long after its caller has given it up.
   */
  call<T>(
    to: SimMaster,
    what: string,
    work: (master: Master) => Promise<T>,
    answer: (answer: Answer<T>) => void,
    over: () => void = () => undefined,
  ): void {
    const network = this.#network;
    const { life } = this.process;
    let answered = false;
    const settle = (value: Answer<T>): void => {
      if (answered || !this.process.lives(life)) return;
      answered = true;
      network.time.trace.add(network.time.now, this.process.name, `${what}: ${value.kind}`);
      answer(value);
    };
    this.process.after(patienceMs, `${what} patience`, () => settle({ kind: 'unknown', why: 'no answer' }));
    if (network.random.chance(network.mix.callLoss)) return over();
    this.process.after(network.delayMs(), what, () => {
      const { process } = to;
      if (!process.up) settle({ kind: 'refused', code: 'UNREACHABLE', detail: 'the connection was refused' });
      if (!process.up || network.isCut(this.process, process)) return over();
      let ended = false;
      const end = (): void => {
        if (!ended) over();
        ended = true;
      };
      process.onEnd(end);
      process.after(network.delayMs(), what, () => this.#serve(to, work, settle, end));
    });
  }

  #serve<T>(
    to: SimMaster,
    work: (master: Master) => Promise<T>,
    settle: (answer: Answer<T>) => void,
    end: () => void,
  ): void {
    const { master } = to;
    if (master === null) return end();
    this.#network.watch('call', to.process.name);
    work(master).then(
      (value) => {
        end();
        this.#reply(to, { kind: 'done', value }, settle);
      },
      (error: unknown) => {
        end();
        this.#reply(to, this.#answerOf(to, error), settle);
      },
    );
  }

  #reply<T>(to: SimMaster, answer: Answer<T>, settle: (answer: Answer<T>) => void): void {
    const network = this.#network;
    if (network.random.chance(network.mix.callLoss) || network.isCut(to.process, this.process)) return;
    this.process.after(network.delayMs(), 'answer', () => settle(answer));
  }

  #answerOf(to: SimMaster, error: unknown): Answer<never> {
    if (error instanceof OutcomeUnknown) return { kind: 'unknown', why: error.message };
    if (error instanceof StoreUnavailable) return { kind: 'refused', code: 'UNAVAILABLE', detail: error.message };
    if (error instanceof Refusal) {
      if (error.code === 'OUTCOME_UNKNOWN') return { kind: 'unknown', why: error.message };
      return { kind: 'refused', code: error.code, detail: error.message };
    }
    this.#truth.defects.push({ at: this.#network.time.now, who: to.process.name, what: describe(error) });
    return { kind: 'unknown', why: 'INTERNAL' };
  }
}
