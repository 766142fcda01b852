// Publications of one tick, merged: a thousand runs that became ready are one hint with the lanes they are in.
// What is over the bound is left out, because polling finds it anyway.

import { serverLimits } from '../core/limits.ts';
import type { SignalTopic, SignalTopics } from './signals.ts';

/** One publication as it travels: topic and detail. */
export type Signal = { [T in SignalTopic]: readonly [topic: T, detail: SignalTopics[T]] }[SignalTopic];

/** Whether something that came from outside is a signal that we know. */
export function isSignal(value: unknown): value is Signal {
  if (!Array.isArray(value)) return false;
  const [topic, detail] = value as unknown[];
  switch (topic) {
    case 'schedules':
    case 'backfills':
    case 'scheduled':
    case 'masters':
    case 'pools':
      return detail === null;
    case 'ready':
      return hasNames(detail, 'lanes');
    case 'cancel':
    case 'cordons':
      return hasNames(detail, 'sessions');
    case 'logs':
      return hasNames(detail, 'runs');
    case 'leases':
      return hasNames(detail, 'names');
    case 'locks':
    case 'taken':
      return hasNames(detail, 'locks');
    case 'changed':
      return hasNames(detail, 'topics') && typeof detail === 'object' && 'namespace' in (detail ?? {});
    default:
      return false;
  }
}

function hasNames(detail: unknown, key: string): boolean {
  if (typeof detail !== 'object' || detail === null) return false;
  const names: unknown = Reflect.get(detail, key);
  return Array.isArray(names) && names.every((name) => typeof name === 'string');
}

type ChangedTopic = SignalTopics['changed']['topics'][number];

export class SignalBatch {
  readonly #plain = new Set<'schedules' | 'backfills' | 'scheduled' | 'masters' | 'pools'>();
  readonly #lanes = new Set<string>();
  readonly #sessions = new Set<string>();
  readonly #cordons = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #leases = new Set<string>();
  readonly #locks = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #changed = new Map<string, Set<ChangedTopic>>();

  add([topic, detail]: Signal): void {
    switch (topic) {
      case 'schedules':
      case 'backfills':
      case 'scheduled':
      case 'masters':
      case 'pools':
        this.#plain.add(topic);
        break;
      case 'ready':
        addAll(this.#lanes, detail.lanes);
        break;
      case 'cancel':
        addAll(this.#sessions, detail.sessions);
        break;
      case 'cordons':
        addAll(this.#cordons, detail.sessions);
        break;
      case 'logs':
        addAll(this.#runs, detail.runs);
        break;
      case 'leases':
        addAll(this.#leases, detail.names);
        break;
      case 'locks':
        addAll(this.#locks, detail.locks);
        break;
      case 'taken':
        addAll(this.#taken, detail.locks);
        break;
      case 'changed':
        if (this.#changed.size >= serverLimits.signalNames) break;
        this.#changed.set(
          detail.namespace,
          new Set([...(this.#changed.get(detail.namespace) ?? []), ...detail.topics]),
        );
        break;
    }
  }

  /** The merged signals, each with at most `namesMax` names; the batch is empty afterwards. */
  take(namesMax: number): Signal[] {
    const signals: Signal[] = [
      ...[...this.#plain].map((topic): Signal => [topic, null]),
      ...slices(this.#lanes, namesMax).map((lanes): Signal => ['ready', { lanes }]),
      ...slices(this.#leases, namesMax).map((names): Signal => ['leases', { names }]),
      ...slices(this.#locks, namesMax).map((locks): Signal => ['locks', { locks }]),
      ...slices(this.#taken, namesMax).map((locks): Signal => ['taken', { locks }]),
      ...slices(this.#sessions, namesMax).map((sessions): Signal => ['cancel', { sessions }]),
      ...slices(this.#cordons, namesMax).map((sessions): Signal => ['cordons', { sessions }]),
      ...[...this.#changed].map(([namespace, topics]): Signal => ['changed', { namespace, topics: [...topics] }]),
      ...slices(this.#runs, namesMax).map((runs): Signal => ['logs', { runs }]),
    ];
    for (const names of [
      this.#plain,
      this.#lanes,
      this.#sessions,
      this.#cordons,
      this.#runs,
      this.#leases,
      this.#locks,
      this.#taken,
      this.#changed,
    ])
      names.clear();
    return signals;
  }
}

function addAll(names: Set<string>, more: readonly string[]): void {
  for (const name of more) {
    if (names.size >= serverLimits.signalNames) return;
    names.add(name);
  }
}

function slices(names: ReadonlySet<string>, size: number): string[][] {
  const list = [...names];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
