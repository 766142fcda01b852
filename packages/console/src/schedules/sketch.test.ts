// What is typed becomes the question to the server, the line for a file, and faults beside their fields.

import assert from 'node:assert/strict';
import test from 'node:test';
import { noSketch } from '../routing/route.ts';
import { faultsOf, requestOf, snippetOf } from './sketch.ts';

test('a sketch is asked about as a schedule without a name', () => {
  assert.deepEqual(requestOf({ ...noSketch, text: ' 0 9 * * * ', zone: '' }), { cron: '0 9 * * *', timezone: 'UTC' });
  assert.deepEqual(requestOf({ kind: 'every', text: '15m', zone: 'Asia/Shanghai', calendar: 'off', move: 'next' }), {
    every: '15m',
    timezone: 'Asia/Shanghai',
    calendar: { exclude: 'off', move: 'next' },
  });
});

test('a sketch is one line of a file that declares it', () => {
  const sketch = { ...noSketch, text: '0 9 * * *', zone: 'Europe/Berlin', calendar: 'off' };
  const line = '  - {name: my-schedule, cron: "0 9 * * *", timezone: Europe/Berlin, calendar: {exclude: "off"}}';
  assert.equal(snippetOf(sketch), `schedules:\n${line}`);
});

test('a fault stands beside the field that it points to', () => {
  const fault = (pointer: string) => faultsOf({ faults: [{ pointer, detail: 'wrong' }] });
  assert.deepEqual(fault('/schedule/cron'), { text: 'wrong', zone: null });
  assert.deepEqual(fault('/schedule/timezone'), { text: null, zone: 'wrong' });
  assert.deepEqual(fault('/schedule/calendar/move'), { text: null, zone: null });
});
