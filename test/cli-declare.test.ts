// Files and arguments that declare: `plan`, `apply`, `import`, and how bad input is refused, with its place and a remedy.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { errorCatalogue, limits } from '@tidewheel/protocol';
import { parse } from 'yaml';
import { cliBench } from './support/cli-bench.ts';
import { repositoryRoot } from './support/tidewheel.ts';

const bench = cliBench();

describe('plan and apply', () => {
  const declared = (priority: number) =>
    `name: planned\nshell: {argv: ["true"]}\npriority: ${priority}\nschedules: [{name: planned, every: 1h}]\n`;

  test('show the difference first, ask, and change everything or nothing', async () => {
    const path = bench.file('planned.yaml', declared(1));
    const plan = await bench.run(['plan', '-f', path, '--source', 'plan-test']);
    assert.equal(plan.code, 1);
    assert.match(plan.stdout, /^\+ job planned\n\+ schedule planned\n2 to create\n$/);
    const refused = await bench.run(['apply', '-f', path, '--source', 'plan-test'], { answer: 'n', width: 80 });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\+ job planned[^]*\[y\/N\] nothing was changed/);
    assert.equal((await bench.run(['apply', '-f', path, '--source', 'plan-test'])).code, 2, 'nobody can be asked');
    assert.equal((await bench.run(['job', 'show', 'planned'])).code, 3);

    assert.equal((await bench.run(['apply', '-f', path, '--source', 'plan-test'], { answer: 'y', width: 80 })).code, 0);
    assert.equal((await bench.run(['plan', '-f', path, '--source', 'plan-test'])).code, 0);
    bench.file('planned.yaml', declared(2));
    const changed = await bench.run(['plan', '-f', path, '--source', 'plan-test']);
    assert.match(changed.stdout, /^~ job planned\n {4}\/priority {2}1 → 2\n1 to change, 1 unchanged\n$/);
    assert.equal((await bench.run(['apply', '-f', path, '--source', 'plan-test', '--yes'])).code, 0);
    assert.equal((await bench.dev.client.jobs.get('planned')).version, 2);

    const empty = bench.file('empty.yaml', 'jobs: []\n');
    const pruned = await bench.run(['apply', '-f', empty, '--source', 'plan-test', '--prune', '--yes']);
    assert.match(pruned.stdout, /2 deleted/);
    assert.equal((await bench.run(['job', 'show', 'planned'])).code, 3);
    assert.equal((await bench.run(['job', 'show', 'ok'])).code, 0, 'of another source');
  });

  test('read directories, several documents, JSON and stdin', async () => {
    const directory = join(bench.home, 'declared');
    mkdirSync(join(directory, 'below'), { recursive: true });
    writeFileSync(join(directory, 'a.yaml'), 'name: a\ntask: x\n---\nname: b\ntask: x\n');
    writeFileSync(join(directory, 'c.json'), '{"jobs":[{"name":"c","task":"x"}]}');
    writeFileSync(join(directory, 'notes.txt'), 'not a manifest');
    writeFileSync(join(directory, 'below', 'd.yml'), 'name: d\ntask: x\n');
    const names = async (...args: string[]) =>
      (await bench.run(['plan', ...args, '-o', 'name'])).stdout.trim().split('\n');
    assert.deepEqual(await names('-f', directory), ['job/a', 'job/b', 'job/c']);
    assert.deepEqual(await names('-f', directory, '-R'), ['job/a', 'job/b', 'job/d', 'job/c']);
    const piped = await bench.run(['plan', '-f', '-', '-o', 'name'], { input: 'name: e\ntask: x\n' });
    assert.equal(piped.stdout, 'job/e\n');
  });

  test('end with 255 when planning fails, whatever the reason', async () => {
    assert.equal((await bench.run(['plan', '-f', join(bench.home, 'nowhere.yaml')])).code, 255);
    assert.equal(
      (
        await bench.run(['plan', '-f', bench.file('a.yaml', 'name: a\ntask: x\n')], {
          env: { TIDEWHEEL_URL: 'http://127.0.0.1:9', TIDEWHEEL_TOKEN: 'x' },
        })
      ).code,
      255,
    );
  });

  test('take over a crontab', async () => {
    const path = bench.file('crontab', 'CRON_TZ=Europe/Lisbon\n*/5 * * * * echo from cron\n');
    const printed = await bench.run(['import', 'crontab', path]);
    const { jobs: made } = parse(printed.stdout) as { jobs: { name: string; schedules: { timezone: string }[] }[] };
    assert.deepEqual(
      made.map((job) => [job.name, job.schedules[0]?.timezone]),
      [['echo-from-cron', 'Europe/Lisbon']],
    );
    assert.equal((await bench.run(['import', 'crontab', path, '--apply', '--yes'])).code, 0);
    assert.equal((await bench.run(['job', 'trigger', 'echo-from-cron', '--wait'])).code, 0);
    const broken = await bench.run(['import', 'crontab', bench.file('broken', '* * * * * true\n61 * * * * true\n')]);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /broken:2:1/);
  });
});

describe('bad input', () => {
  interface Bad {
    readonly what: string;
    readonly argv: () => readonly string[];
    readonly env?: Record<string, string>;
    readonly code: number;
    readonly says: RegExp;
  }
  const applied = (text: string) => () => ['apply', '--yes', '-f', bench.file('bad.yaml', text)];
  const job = (more: string) => applied(`name: fine\ntask: x\n---\nname: broken\n${more}\n`);
  const table: Bad[] = [
    { what: 'a file that is not YAML', argv: applied('jobs: [\n'), code: 1, says: /INVALID_FILE[^]*bad\.yaml:\d+:\d+/ },
    {
      what: 'an unknown field',
      argv: job('task: x\nretries: 3'),
      code: 1,
      says: /bad\.yaml:6:1 {2}unknown key `retries`; did you mean `retry`\?\n.*6 \| retries: 3\n.*\| \^/,
    },
    { what: 'a wrong type', argv: job('task: x\npriority: high'), code: 1, says: /bad\.yaml:6:11 {2}expected number/ },
    {
      what: 'an invalid cron expression',
      argv: job('task: x\nschedules:\n  - {name: s, cron: "61 * * * *"}'),
      code: 1,
      says: /INVALID_CRON[^]*bad\.yaml:7:21/,
    },
    {
      what: 'an unknown time zone',
      argv: job('task: x\nschedules:\n  - {name: s, cron: "1 * * * *", timezone: CST}'),
      code: 1,
      says: /UNKNOWN_TIMEZONE[^]*bad\.yaml:7:44/,
    },
    {
      what: 'a job that stands twice',
      argv: job('task: x\n---\nname: broken\ntask: y'),
      code: 1,
      says: /bad\.yaml:7:7 {2}the job "broken" stands twice; first at .*bad\.yaml:4:7/,
    },
    {
      what: "a schedule's name that another job has",
      argv: job('task: x\nschedules: [{name: hourly, every: 1h}]'),
      code: 4,
      says: /DUPLICATE_NAME[^]*bad\.yaml:6:20/,
    },
    {
      what: 'a moment in the past',
      argv: job('task: x\nschedules: [{name: s, at: "2001-01-01T00:00:00Z"}]'),
      code: 1,
      says: /bad\.yaml:6:\d+/,
    },
    {
      what: 'a payload over the limit',
      argv: () => [
        'job',
        'trigger',
        'ok',
        '-p',
        `@${bench.file('big.json', JSON.stringify('x'.repeat(limits.payloadBytes)))}`,
      ],
      code: 1,
      says: /PAYLOAD_TOO_LARGE/,
    },
    {
      what: 'a payload that is not JSON',
      argv: () => ['job', 'trigger', 'ok', '-p', '{ship: 1}'],
      code: 2,
      says: /--payload is not JSON/,
    },
    { what: 'an unknown job', argv: () => ['job', 'trigger', 'nobody'], code: 3, says: /UNKNOWN_JOB/ },
    {
      what: 'an unknown run',
      argv: () => ['run', 'show', '01a1fbbd-3ac8-8e32-b85f-af4934aa9353'],
      code: 3,
      says: /NOT_FOUND/,
    },
    { what: 'an unknown schedule', argv: () => ['schedule', 'show', 'nobody'], code: 3, says: /NOT_FOUND/ },
    {
      what: 'a stale version',
      argv: () => ['job', 'delete', 'ok', '--if-version', '99'],
      code: 4,
      says: /STALE_VERSION/,
    },
    {
      what: 'a wrong token',
      argv: () => ['job', 'list'],
      env: { TIDEWHEEL_TOKEN: 'tw_00000000_wrong-wrong-wrong-wrong-wrong' },
      code: 5,
      says: /UNAUTHENTICATED/,
    },
    {
      what: 'a server that is not there',
      argv: () => ['job', 'list'],
      env: { TIDEWHEEL_URL: 'http://127.0.0.1:9', TIDEWHEEL_TOKEN: 'x' },
      code: 6,
      says: /UNREACHABLE.*127\.0\.0\.1:9/,
    },
    {
      what: 'an unknown command',
      argv: () => ['jobs'],
      code: 2,
      says: /unknown command 'jobs'\n?\(Did you mean job\?\)?|unknown command 'jobs'/,
    },
    { what: 'an unknown option', argv: () => ['job', 'list', '--jsn'], code: 2, says: /unknown option '--jsn'/ },
    { what: 'a wrong option value', argv: () => ['run', 'list', '--limit', 'many'], code: 2, says: /whole number/ },
    {
      what: 'a state that does not exist',
      argv: () => ['run', 'list', '--state', 'done'],
      code: 2,
      says: /"done" is not a state/,
    },
    {
      what: 'a time that is none',
      argv: () => ['run', 'list', '--since', 'yesterday'],
      code: 2,
      says: /--since is "yesterday"/,
    },
    { what: 'a missing argument', argv: () => ['run', 'show'], code: 2, says: /missing required argument 'id'/ },
    {
      what: 'a file that is not there',
      argv: () => ['apply', '-f', '/nowhere/jobs.yaml'],
      code: 1,
      says: /\/nowhere\/jobs\.yaml: there is no such file/,
    },
    {
      what: 'a directory without files',
      argv: () => ['apply', '-f', join(repositoryRoot, 'test')],
      code: 1,
      says: /holds no \.yaml/,
    },
  ];
  for (const { what, argv, env, code, says } of table) {
    test(`such as ${what}`, async () => {
      const outcome = await bench.run(argv(), env === undefined ? {} : { env });
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, says);
      assert.equal(outcome.stdout, '');
      const [, refused] = /^error ([A-Z_]+) /.exec(outcome.stderr) ?? [];
      // A refusal names its code and how to mend it; a wrong command line is explained in its own words.
      if (refused !== undefined)
        assert.ok(outcome.stderr.includes(errorCatalogue[refused as keyof typeof errorCatalogue].remedy));
      else assert.equal(code, 2);
      assert.equal((await bench.run(['job', 'show', 'fine'])).code, 3, 'nothing is half applied');
    });
  }
});
