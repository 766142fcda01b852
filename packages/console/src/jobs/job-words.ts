// A job's definition as a reader meets it.

import type { JobView } from '@tidewheel/protocol';
import type { Translate } from '../language/catalogue.ts';
import { isRecord } from '../payload/json-text.ts';
import { span } from '../time/format.ts';

type Definition = JobView['definition'];

/** What it runs, in one line: the task's id, the command, or method and address. */
export function handlerWords(definition: Definition): string {
  const { task, shell, http } = definition;
  if (typeof task === 'string') return task;
  if (isRecord(shell)) {
    if (Array.isArray(shell['argv'])) return shell['argv'].join(' ');
    return typeof shell['script'] === 'string' ? firstLine(shell['script']) : '';
  }
  if (!isRecord(http)) return '';
  const { method, url } = http;
  return `${typeof method === 'string' ? method : 'GET'} ${typeof url === 'string' ? url : ''}`;
}

function firstLine(script: string): string {
  const lines = script.split('\n').filter((line) => line.trim() !== '');
  return `${lines[0] ?? ''}${lines.length > 1 ? ' …' : ''}`;
}

export function retryWords(definition: Definition, t: Translate): string {
  const { retry } = definition;
  if (!isRecord(retry) || typeof retry['attempts'] !== 'number' || retry['attempts'] <= 1) return t('job.retryNone');
  const { attempts, initial, max } = retry;
  return t('job.retryText', { attempts, initial: span(Number(initial), t), max: span(Number(max), t) });
}

export function timeoutWords(definition: Definition, t: Translate): string {
  const { timeout } = definition;
  const run = isRecord(timeout) ? timeout['run'] : undefined;
  return typeof run === 'number' ? span(run, t) : t('job.timeoutNone');
}

export function deliveryWords(definition: Definition, t: Translate): string {
  return t(definition['delivery'] === 'at-most-once' ? 'job.delivery.at-most-once' : 'job.delivery.at-least-once');
}

export function labelWords(labels: unknown): string {
  if (!isRecord(labels)) return '';
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(', ');
}

export function textOf(definition: Definition, key: string): string {
  const value = definition[key];
  return typeof value === 'string' ? value : '';
}
