// The smoke benchmark in small, so that it runs when somebody wants to know, and its own checks find what they look for.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { percentile } from '../bench/numbers.ts';
import { Program, repositoryRoot, scratch } from './support/tidewheel.ts';

test('the smoke benchmark measures a small load on SQLite and finds its record whole', {
  timeout: 90_000,
}, async (context) => {
  const report = join(scratch(context), 'report.md');
  const small = ['--runs=2000', '--slots=200', '--schedules=50', '--seconds=4', '--trickle=25', '--stores=sqlite'];
  const bench = new Program([
    '--conditions=source',
    join(repositoryRoot, 'bench/smoke.ts'),
    ...small,
    `--report=${report}`,
  ]);
  context.after(() => bench.end('SIGKILL'));
  const { code } = await bench.ended;
  assert.equal(code, 0, bench.output);
  const text = readFileSync(report, 'utf8');
  assert.match(text, /\| execute them, one worker \| [\d,]+\/s \|/);
  assert.match(text, /every run archived once, no fire missing or doubled/);
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)], [50, 99, 7]);
});
