// A platform for tests of drivers that speak the JSON contract: machines in memory, and requests answered as the contract has it. It loads
// nothing, because a program in which it runs is started for each request.

import type { ScalerFleet, ScalerRequest } from '@tidewheel/protocol';

interface ContractMachine {
  readonly worker: string;
  readonly startedAt: number;
}

export interface PlatformState {
  machines: Record<string, ContractMachine[]>;
  ordered: Record<string, number>;
  made: number;
  changes: number;
}

export const emptyPlatform = (): PlatformState => ({ machines: {}, ordered: {}, made: 0, changes: 0 });

/** Answers one request, and changes the state. */
export function answerContract(state: PlatformState, text: string): object {
  const request = JSON.parse(text) as ScalerRequest;
  const { name } = request.pool;
  const machines = (state.machines[name] ??= []);
  if (request.action === 'observe') {
    const fleet: ScalerFleet = {
      version: 1,
      ordered: state.ordered[name] ?? 0,
      machines: machines.map(({ worker, startedAt }) => ({
        worker,
        state: 'ready',
        startedAt,
        endsAt: null,
        note: null,
      })),
      note: null,
    };
    return fleet;
  }
  const { count, release } = request.order;
  const staying = machines.filter(({ worker }) => !release.includes(worker));
  state.changes += machines.length - staying.length;
  while (staying.length < count) {
    state.made += 1;
    state.changes += 1;
    staying.push({ worker: `${name}-${state.made}`, startedAt: state.made });
  }
  state.machines[name] = staying;
  state.ordered[name] = count;
  return { version: 1 };
}
