// A verdict as a person reads it: what the seed mixed, what happened, what was found, how to see it again.

import type { SimOptions } from '../options.ts';
import type { Verdict } from '../simulator.ts';
import { formatAt } from '../trace.ts';

const shownFindings = 20;
const shownEvents = 12;

export function reportText(verdict: Verdict, elapsedMs: number): string {
  const { options, counts, findings } = verdict;
  const happened = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  const lines = [
    `seed ${options.seed}`,
    ...labelled('mix', mixWords(options)),
    ...labelled('happened', happened),
    ...timelineLines(verdict),
    ...labelled('time', [
      `${formatAt(verdict.virtualMs)} of virtual time`,
      `${verdict.events} events`,
      `${Math.round(elapsedMs)} ms real`,
      verdict.convergedMs === null
        ? 'did not converge'
        : `all runs ended ${formatAt(verdict.convergedMs)} after healing`,
    ]),
    ...labelled('hash', [verdict.hash]),
    ...labelled('verdict', [findings.length === 0 ? 'every promise was kept' : `${findings.length} findings`]),
  ];
  for (const { checker, what } of findings.slice(0, shownFindings)) lines.push(`  ${checker}: ${what}`);
  if (findings.length > shownFindings) lines.push(`  … and ${findings.length - shownFindings} more`);
  return `${lines.join('\n')}\n`;
}

/** The beginning of the trouble; the trace has all of it. */
function timelineLines({ timeline }: Verdict): string[] {
  const lines = timeline.slice(0, shownEvents).map(({ at, who, what }) => `${formatAt(at)} ${who} ${what}`);
  if (timeline.length > shownEvents) lines.push(`… and ${timeline.length - shownEvents} more faults`);
  return lines.map((text, index) => `  ${(index === 0 ? 'timeline' : '').padEnd(10)}${text}`);
}

/** How to see a seed again. */
export function reproduce(seed: number): string {
  return `npm run sim -- --seed ${seed} --trace`;
}

function mixWords(options: SimOptions): string[] {
  const { faults, store, network, signals } = options;
  return [
    new Date(options.epochMs).toISOString(),
    `${options.masters} masters`,
    `${options.workers} workers in ${options.namespaces.join(' and ')}`,
    `${options.strangers} of another make`,
    `lease ${options.sessionTtlMs / 1000} s`,
    `trouble for ${formatAt(options.troubleMs)}`,
    ...every('master crash', faults.masterCrashMs),
    ...every('master pause', faults.masterPauseMs),
    ...every('master stop', faults.masterStopMs),
    ...share('crashes at a boundary', faults.boundaryCrash),
    ...share('pauses at a boundary', faults.boundaryPause),
    ...every('blackout', faults.blackoutMs),
    ...every('worker crash', faults.workerCrashMs),
    ...every('worker pause', faults.workerPauseMs),
    ...every('worker drain', faults.workerDrainMs),
    ...every('worker hang', faults.workerHangMs),
    ...every('network cut', faults.cutMs),
    ...every('worker isolated', faults.isolateMs),
    ...every('store cut', faults.storeCutMs),
    ...every('wall clock step', faults.wallStepMs),
    `store ≤ ${store.latencyMs[1]} ms`,
    ...share('commits done but unheard', store.doneUnheard),
    ...share('commits undone and unheard', store.undoneUnheard),
    ...share('deadlocks', store.deadlock),
    ...share('crashes at a commit', store.crash),
    ...lossWords(options),
    `network ≤ ${network.delayMs[1]} ms`,
    ...share('frames twice', network.repeat),
    ...share('resets', network.reset),
    ...share('gone silent', network.silence),
    ...share('calls lost', network.callLoss),
    ...share('silent crashes', network.silentCrash),
    signals.loss === 1 ? 'no signals' : `signals ≤ ${signals.delayMs[1]} ms`,
    ...(signals.loss === 1 ? [] : share('signals lost', signals.loss)),
    `clocks ± ${options.driftShare * 100} %`,
    ...every('store clock step', faults.storeStepMs),
    ...(options.storeRate === 1 ? [] : [`store clock at ${options.storeRate}`]),
    ...coordinatorWords(options),
    ...(options.makes.length === 1 ? [] : ['neighbouring versions']),
    ...every('a cordon', options.cordonMs),
    ...(options.holders === 0 ? [] : [`${options.holders} users of locks`]),
    ...(options.holders === 0 ? [] : every('one of them dies', faults.holderCrashMs)),
  ];
}

function lossWords({ storeLoss }: SimOptions): string[] {
  if (storeLoss === null) return [];
  const what = { switch: 'synchronous fail-over', promotion: 'fail-over that loses', restore: 'a restore' };
  return every(what[storeLoss.kind], storeLoss.everyMs);
}

function coordinatorWords({ coordinator, faults }: SimOptions): string[] {
  const stepDown = every('step-down', faults.stepDownMs);
  if (coordinator === 'store') return ['leases in the store', ...stepDown];
  const { delayMs, lost, unheard, double, early, late, falseRenewal, stale, watch } = coordinator;
  return [
    `a coordinator ≤ ${delayMs[1]} ms`,
    ...share('its calls lost', lost),
    ...share('its answers lost', unheard),
    ...share('double grants', double),
    ...share('leases end early', early),
    ...share('leases outlive', late),
    ...share('false renewals', falseRenewal),
    ...share('stale answers', stale),
    `its changes told ≤ ${watch.delayMs[1]} ms`,
    ...share('or never', watch.loss),
    ...every('cut off from it', faults.coordinatorCutMs),
    ...every('its leases ended', faults.coordinatorRevokeMs),
    ...every('it forgets', faults.coordinatorWipeMs),
    ...stepDown,
  ];
}

function every(what: string, meanMs: number): string[] {
  return meanMs === 0 ? [] : [`${what} every ~${Math.round(meanMs / 1000)} s`];
}

function share(what: string, value: number): string[] {
  return value === 0 ? [] : [`${what} ${(value * 100).toFixed(1)} %`];
}

const width = 110;

/** `label  words · words`, wrapped and indented. */
function labelled(label: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    const longer = line === '' ? word : `${line} · ${word}`;
    if (longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines.map((text, index) => `  ${(index === 0 ? label : '').padEnd(10)}${text}`);
}
