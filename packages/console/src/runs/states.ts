// What the console knows of each run state: its colour family and whether it is an end. A record over the protocol's type,
// so that a new state does not compile until it has a look here. (The protocol is imported as types only: zod stays out of the bundle.)

import type { AttemptOutcome, RunState } from '@tidewheel/protocol';

export type Tone = 'good' | 'bad' | 'warn' | 'live' | 'later' | 'gone' | 'mute';

const looks: Record<RunState, { readonly tone: Tone; readonly final: boolean }> = {
  running: { tone: 'live', final: false },
  ready: { tone: 'warn', final: false },
  scheduled: { tone: 'later', final: false },
  blocked: { tone: 'mute', final: false },
  succeeded: { tone: 'good', final: true },
  failed: { tone: 'bad', final: true },
  canceled: { tone: 'mute', final: true },
  skipped: { tone: 'mute', final: true },
  lost: { tone: 'gone', final: true },
};

const outcomeTones: Record<AttemptOutcome, Tone> = {
  succeeded: 'good',
  failed: 'bad',
  'timed-out': 'bad',
  'start-timed-out': 'bad',
  canceled: 'mute',
  lost: 'gone',
};

/** In the order in which a person looks for them. */
export const allRunStates = Object.keys(looks) as RunState[];

export function isRunState(text: string): text is RunState {
  return Object.hasOwn(looks, text);
}

export function isFinal(state: RunState): boolean {
  return looks[state].final;
}

export function toneOfRun(state: RunState): Tone {
  return looks[state].tone;
}

export function toneOfOutcome(outcome: AttemptOutcome): Tone {
  return outcomeTones[outcome];
}
