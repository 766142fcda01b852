// Holds the engine to the table of fixed cases, and the documentation's examples of clock changes to the engine.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { dstSchema } from '@tidewheel/protocol';
import { cronNext } from './next.ts';
import { parseCron } from './parse.ts';
import { cronCases } from './testing/cases.ts';

function firesOf(expression: string, zone: string, from: number, to: number, rules: unknown): string {
  const cron = parseCron(expression, zone, { dst: dstSchema.parse(rules) });
  const fires: string[] = [];
  for (let at = cronNext(cron, from - 1); at !== null && at < to; at = cronNext(cron, at)) {
    fires.push(new Date(at).toISOString().slice(0, cron.unitMs === 1000 ? 19 : 16));
  }
  if (fires.length === 0) return '–';
  return fires.length <= 4 ? fires.join(' ') : `${fires.length} from ${fires[0]} to ${fires.at(-1)}`;
}

for (const { about, expression, zone, from, to, rules, fires } of cronCases) {
  const words = Object.entries(rules).map(([rule, value]) => ` with ${rule} ${value}`);
  const [begin, end] = [from, to].map((at) => new Date(at).toISOString().slice(0, 16));
  test(`${expression} in ${zone} from ${begin} to ${end}${words.join('')} (${about})`, () => {
    assert.equal(firesOf(expression, zone, from, to, rules), fires);
  });
}

test('the table has more than two hundred cases', () => {
  assert.ok(cronCases.length > 200, String(cronCases.length));
});

const page = readFileSync(new URL('../../../../../docs/reference/schedules.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([^`]+)` \| ([\w/]+) \| (\d{4}-\d\d-\d\d) \| (?:`([^`]+)` \| )?([^|]+) \|$/gm)];
for (const [, expression = '', zone = '', day = '', rules = '', expected = ''] of rows) {
  test(`the reference says that ${expression} in ${zone} on ${day} fires at ${expected} (${rules})`, () => {
    const from = Date.parse(`${day}T00:00Z`);
    const given = Object.fromEntries(rules.split(', ').map((rule) => rule.split(': '))) as Record<string, string>;
    const dst = rules === '' ? {} : given;
    assert.equal(firesOf(expression, zone, from, from + 86_400_000, dst), expected.trim().replaceAll(', ', ' '));
  });
}

test('the reference shows the examples of clock changes that are tested', () => {
  assert.ok(rows.length >= 20, String(rows.length));
});
