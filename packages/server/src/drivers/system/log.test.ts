// Log lines are JSON, carry errors with their causes, never a secret, and never make the process wait for their reader.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type LogLevel, openLog, type SystemLog } from './log.ts';

function setup(level: LogLevel = 'info'): { log: SystemLog; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const log = openLog({ level, stream: { write: (line) => written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a line says level, time, message and fields', () => {
  const { log, lines } = setup();
  log.child({ master: 'm1' }).child({ part: 'fire' }).warn('late', { delayMs: 5 });
  const [line] = lines();
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  const { level, msg, master, part, delayMs, pid } = line ?? {};
  assert.deepEqual(
    { level, msg, master, part, delayMs, pid },
    { level: 'warn', msg: 'late', master: 'm1', part: 'fire', delayMs: 5, pid: process.pid },
  );
});

test('lines below the level are left out', () => {
  const { log, lines } = setup('warn');
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d');
  assert.deepEqual(
    lines().map((line) => line['msg']),
    ['c', 'd'],
  );
});

test('an error comes with its stack and its cause', () => {
  const { log, lines } = setup();
  log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) });
  const { error } = lines()[0] ?? {};
  assert.ok(typeof error === 'object' && error !== null && 'stack' in error && 'cause' in error);
  assert.match(String(error.stack), /outer[\s\S]*log\.test/);
  assert.match(JSON.stringify(error.cause), /inner/);
});

test('fields named like secrets are masked, also in child loggers and one level down', () => {
  const { log, lines } = setup();
  log
    .child({ token: 'hush' })
    .info('a', { password: 'hush', headers: { authorization: 'hush', accept: 'x' }, secret: 'hush' });
  const text = JSON.stringify(lines());
  assert.doesNotMatch(text, /hush/);
  assert.match(text, /"accept":"x"/);
});

test('a reader that stalls does not stop the process, and is told what was dropped', { timeout: 30_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-log-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  const log = openLog({ level: 'info', fd: writing });
  // Twice as much as may wait, while nobody reads.
  const filler = 'x'.repeat(1000);
  for (let index = 0; index < 8000; index += 1) log.info('line', { index, filler });

  let text = '';
  const reader = new Socket({ fd: reading });
  await new Promise<void>((resolve) => {
    reader.on('data', (data) => {
      text += data.toString();
      if (/were dropped.*\n/.test(text)) resolve();
    });
  });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const kept = lines.filter((line) => line['msg'] === 'line').length;
  const dropped = lines.filter((line) => 'dropped' in line).reduce((sum, line) => sum + Number(line['dropped']), 0);
  assert.ok(kept > 3000 && kept < 8000, `${kept} kept`);
  assert.equal(kept + dropped, 8000);
  reader.destroy();
  closeSync(writing);
});
