import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import type { PlacedFault } from './manifest.ts';
import { loadTasks } from './task-files.ts';

/** A project of its own, with the SDK installed. */
function setup(context: TestContext): (name: string, text: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'tidewheel-tasks-'));
  symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(directory, 'node_modules'));
  context.after(() => rmSync(directory, { recursive: true }));
  return (name, text) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
}

const sdk = `import { calendar, schedule, task } from '@tidewheel/sdk';\n`;

test('takes every task and schedule that the files export, also from lists, each once', async (context) => {
  const file = setup(context);
  const one = file(
    'one.ts',
    `${sdk}export const a = task({ id: 'a', run: () => 1 });\nexport const same = a;\nconst b = task({ id: 'b', run: () => 2 });\nexport const all = [b, schedule(b, { id: 'often', every: '1h' })];\nexport const other = 5;\n`,
  );
  const two = file(
    'two.ts',
    `${sdk}const c = task({ id: 'c', run: () => 3 });\nexport const rarely = schedule(c, { id: 'rarely', every: '1d' });\nexport const free = calendar({ id: 'free', weekdays: ['SUN'] });\n`,
  );
  const { tasks, schedules, calendars } = await loadTasks([one, two]);
  assert.deepEqual(
    calendars.map((calendar) => calendar.id),
    ['free'],
  );
  assert.deepEqual(
    tasks.map((task) => task.id),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(
    schedules.map((schedule) => schedule.id),
    ['often', 'rarely'],
  );
});

const bad: [what: string, text: string, line: number, column: number, detail: RegExp][] = [
  ['cannot be parsed', 'export const fine = 1;\nexport const a = ;\n', 2, 1, /Expression expected/],
  ['throws', `\n  throw new Error('boom at start');\nexport {};\n`, 2, 9, /^boom at start$/],
  ['imports what is not there', `import './nowhere.ts';\n`, 1, 1, /Cannot find module/],
  [
    'defines an impossible task',
    `${sdk}export const a = task({ id: 'a b', run: () => 1 });\n`,
    2,
    18,
    /"a b" cannot be a task's id/,
  ],
];
for (const [what, text, line, column, detail] of bad) {
  test(`says where a file of tasks ${what}`, async (context) => {
    const path = setup(context)('bad.ts', text);
    await assert.rejects(loadTasks([path]), (error) => {
      assert.ok(error instanceof Refusal && error.code === 'INVALID_FILE');
      const [fault] = error.faults as PlacedFault[];
      assert.deepEqual([fault?.file, fault?.line, fault?.column], [path, line, column]);
      assert.match(fault?.detail ?? '', detail);
      return true;
    });
  });
}

test('refuses a file without tasks, and an id that stands twice', async (context) => {
  const file = setup(context);
  await assert.rejects(loadTasks([file('none.ts', 'export const a = 1;\n')]), /exports no task/);
  const twice = (name: string) => file(name, `${sdk}export const a = task({ id: 'a', run: () => 1 });\n`);
  await assert.rejects(
    loadTasks([twice('one.ts'), twice('two.ts')]),
    (error) => error instanceof Refusal && error.code === 'DUPLICATE_NAME',
  );
});
