// The command line against a running server: what it prints, and with which exit code it ends.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import type { Preview } from '@tidewheel/protocol';
import { captured } from './support/captured-terminal.ts';
import { cliBench } from './support/cli-bench.ts';
import { eventually, Program, repositoryRoot } from './support/tidewheel.ts';

const bench = cliBench();

describe('output', () => {
  test('is a table for people, cut to the terminal, coloured where wanted, and plain columns in a pipe', async () => {
    const id = await bench.triggered('ok');
    await bench.run(['run', 'wait', id]);
    const wide = await bench.run(['run', 'list', '--job', 'ok'], { width: 120, colour: true });
    assert.match(wide.stdout, /\x1b\[32msucceeded\x1b\[39m/);
    assert.match(wide.stdout, /ago|now/);
    const narrow = await bench.run(['job', 'list', '-o', 'table'], { width: 50 });
    assert.match(narrow.stdout, /echo-pa…/);
    const piped = await bench.run(['run', 'list', '--job', 'ok']);
    assert.match(piped.stdout, /^ID +JOB +STATE +TRY +TRIGGER +DUE +TOOK\n/);
    assert.match(piped.stdout, /\d{4}-\d\d-\d\dT[\d:.]+Z/);
    assert.ok(!piped.stdout.includes('\x1b'));
    assert.match((await bench.run(['job', 'list', '-o', 'wide'])).stdout, /每日报表/);
  });

  test('in json is what the API answers, in yaml the same, in jsonl one item a line, in name what can be given back', async () => {
    const page = JSON.parse((await bench.run(['job', 'list', '-o', 'json'])).stdout) as {
      items: unknown[];
      nextCursor: null;
    };
    assert.deepEqual(Object.keys(page), ['items', 'nextCursor']);
    assert.deepEqual(page.items, await bench.dev.client.jobs.list().take(50));
    assert.deepEqual(parse((await bench.run(['job', 'list', '-o', 'yaml'])).stdout), page);
    const lines = (await bench.run(['job', 'list', '-o', 'jsonl'])).stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      page.items,
    );
    assert.match((await bench.run(['job', 'list', '-o', 'name'])).stdout, /^job\/bad$/m);
    const id = await bench.triggered('ok');
    const shown = JSON.parse((await bench.run(['run', 'show', `run/${id}`, '-o', 'json'])).stdout) as { id: string };
    assert.equal(shown.id, id);
  });

  test('comes in pages that a script can walk', async () => {
    const first = JSON.parse((await bench.run(['job', 'list', '--limit', '4', '-o', 'json'])).stdout) as {
      items: unknown[];
      nextCursor: string;
    };
    assert.equal(first.items.length, 4);
    const rest = JSON.parse((await bench.run(['job', 'list', '--cursor', first.nextCursor, '-o', 'json'])).stdout) as {
      items: unknown[];
      nextCursor: null;
    };
    assert.deepEqual([...first.items, ...rest.items], await bench.dev.client.jobs.list().take(50));
    const all = JSON.parse((await bench.run(['job', 'list', '--limit', '1', '--all', '-o', 'json'])).stdout) as {
      items: unknown[];
    };
    assert.equal(all.items.length, first.items.length + rest.items.length);
  });

  test('says on stderr, not on stdout, that a list is empty', async () => {
    const { stdout, stderr, code } = await bench.run(['run', 'list', '--job', 'nothing-of-this-name']);
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /no runs match/);
  });

  test('shows times as asked', async () => {
    const { stdout } = await bench.run(['schedule', 'list', '--time', 'relative']);
    assert.match(stdout, /in \d+m|in \d+s/);
    assert.match((await bench.run(['schedule', 'list', '--time', 'local'])).stdout, /\d\d:00:00 GMT/);
  });
});

describe('runs', () => {
  const outcomes: [job: string, code: number, says: RegExp][] = [
    ['ok', 0, /^succeeded in /],
    ['bad', 10, /^failed in .*3/],
    ['too-long', 12, /^failed in /],
  ];
  for (const [job, code, says] of outcomes) {
    test(`waiting for ${job} ends with exit code ${code}`, async () => {
      const outcome = await bench.run(['job', 'trigger', job, '--wait']);
      assert.equal(outcome.code, code, outcome.stdout + outcome.stderr);
      assert.match(outcome.stdout, says);
    });
  }

  test('that are canceled end with exit code 11, and the reason is kept', async () => {
    const id = await bench.triggered('endless');
    await eventually('it runs', async () => (await bench.dev.client.runs.get(id)).state === 'running' || undefined);
    const canceled = await bench.run(['run', 'cancel', id, '--reason', 'enough', '--wait']);
    assert.equal(canceled.code, 11, canceled.stderr);
    assert.match((await bench.run(['run', 'show', id])).stdout, /state +canceled/);
  });

  test('that last longer than the wait go on, with exit code 124', async () => {
    const waited = await bench.run(['job', 'trigger', 'endless', '--wait', '--wait-timeout', '150ms']);
    assert.equal(waited.code, 124);
    assert.match(waited.stderr, /WAIT_TIMED_OUT/);
    const [, id = ''] = /^run (\S+)/.exec(waited.stderr) ?? [];
    assert.ok(['ready', 'running'].includes((await bench.dev.client.runs.get(id)).state));
    await bench.dev.client.runs.cancel(id);
  });

  test('that nobody waits for any longer go on, with exit code 130', async () => {
    const interrupted = new AbortController();
    const id = await bench.triggered('endless');
    const waiting = bench.run(['run', 'wait', id], { interruption: interrupted.signal });
    interrupted.abort();
    assert.equal((await waiting).code, 130);
    await bench.dev.client.runs.cancel(id);
  });

  test('are repeated with the same or another payload', async () => {
    const first = await bench.run([
      'job',
      'trigger',
      'echo-payload',
      '--payload',
      '{"ship":1}',
      '--wait',
      '-o',
      'json',
    ]);
    const { id } = JSON.parse(first.stdout) as { id: string };
    const again = JSON.parse((await bench.run(['run', 'retry', id, '--wait', '-o', 'json'])).stdout) as {
      payload: unknown;
      retryOf: string;
    };
    assert.deepEqual([again.payload, again.retryOf], [{ ship: 1 }, id]);
    const path = bench.file('payload.json', '{"ship":2}');
    const other = JSON.parse(
      (await bench.run(['run', 'retry', id, '-p', `@${path}`, '--wait', '-o', 'json'])).stdout,
    ) as {
      payload: unknown;
    };
    assert.deepEqual(other.payload, { ship: 2 });
    const piped = await bench.run(['job', 'trigger', 'echo-payload', '-p', '-', '--wait', '-o', 'json'], {
      input: '[3]',
    });
    assert.deepEqual((JSON.parse(piped.stdout) as { payload: unknown }).payload, [3]);
  });

  test('are made once per idempotency key', async () => {
    const first = await bench.run(['job', 'trigger', 'ok', '--idempotency-key', 'cli-1']);
    const second = await bench.run(['job', 'trigger', 'ok', '--idempotency-key', 'cli-1']);
    assert.equal(second.stdout, first.stdout);
    assert.match(second.stderr, /used before/);
    const other = await bench.run(['job', 'trigger', 'bad', '--idempotency-key', 'cli-1']);
    assert.deepEqual([other.code, /IDEMPOTENCY_MISMATCH/.test(other.stderr)], [4, true]);
  });

  test('give their logs as they were written, with streams apart on request', async () => {
    const id = await bench.triggered('ok');
    await bench.run(['run', 'wait', id]);
    assert.equal((await bench.run(['run', 'logs', id])).stdout, 'one\ntwo\n');
    assert.match((await bench.run(['run', 'logs', id], { width: 80, colour: true })).stdout, /\x1b\[31mtwo/);
    assert.match((await bench.run(['run', 'logs', id, '--timestamps'])).stdout, /^\d{4}\S+Z one\n\d{4}\S+Z two\n$/);
    const chunks = (await bench.run(['run', 'logs', id, '-o', 'jsonl'])).stdout.trimEnd().split('\n');
    assert.deepEqual(
      chunks.map((line) => (JSON.parse(line) as { stream: string }).stream),
      ['stdout', 'stderr'],
    );
  });

  test('can be followed while they run, to their end', async () => {
    const id = await bench.triggered('endless');
    await eventually('it wrote', async () => (await bench.dev.client.runs.logs(id).take(1)).length === 1 || undefined);
    const follower = new Program(
      ['--conditions=source', join(repositoryRoot, 'packages/server/src/main.ts'), 'run', 'logs', '-f', id],
      { env: { TIDEWHEEL_DATA: bench.dev.data } },
    );
    after(() => follower.end('SIGKILL'));
    await follower.says(/^started$/m);
    await bench.dev.client.runs.cancel(id, 'done looking');
    assert.equal((await follower.ended).code, 0);
  });
});

describe('schedules', () => {
  test('are paused with a reason, shown with it, resumed and triggered', async () => {
    assert.equal((await bench.run(['schedule', 'pause', 'hourly'])).code, 2, 'a reason is needed');
    const paused = await bench.run(['schedule', 'pause', 'hourly', '--reason', 'storm']);
    assert.match(paused.stdout, /state +paused\nreason +storm \(/);
    assert.match(
      (await bench.run(['schedule', 'list', '--state', 'paused', '-o', 'name'])).stdout,
      /^schedule\/hourly$/m,
    );
    assert.match((await bench.run(['schedule', 'resume', 'hourly'])).stdout, /state +enabled/);
    const { stdout } = await bench.run(['schedule', 'trigger', 'hourly']);
    const ended = JSON.parse((await bench.run(['run', 'wait', stdout.trim(), '-o', 'json'])).stdout) as {
      payload: unknown;
    };
    assert.deepEqual(ended.payload, { by: 'schedule' });
  });

  test('can be previewed in their zone without a server', async () => {
    const { stdout, code } = await captured([
      'schedule',
      'preview',
      '30 6 * * *',
      '--tz',
      'Asia/Shanghai',
      '--count',
      '2',
      '--after',
      '2026-01-01',
      '-o',
      'json',
    ]);
    assert.equal(code, 0);
    const { fires, words } = JSON.parse(stdout) as Preview;
    assert.deepEqual(
      fires.map(({ at, local }) => [at, local]),
      [
        [Date.UTC(2026, 0, 1, 22, 30), '2026-01-02T06:30:00+08:00'],
        [Date.UTC(2026, 0, 2, 22, 30), '2026-01-03T06:30:00+08:00'],
      ],
    );
    assert.deepEqual(words, { en: 'Every day at 06:30 (Asia/Shanghai)', zh: '每天 06:30（Asia/Shanghai）' });
  });

  test('prove by the ledger that nothing is missing', async () => {
    const clean = await bench.run(['audit', 'fires', '--from', '1d']);
    assert.equal(clean.code, 0, clean.stderr);
    assert.match(clean.stderr, /clean: nothing missing, doubled or unexpected/);
    assert.equal((await bench.run(['audit', 'fires', '--schedule', 'nobody'])).code, 3);
  });
});

describe('completion', () => {
  test('in bash knows commands, options and their values', async () => {
    const { stdout } = await captured(['completion', 'bash']);
    const complete = (line: string) => {
      const words = line.split(' ');
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _tidewheel; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
    };
    assert.deepEqual(complete('tidewheel sch'), ['schedule']);
    assert.deepEqual(complete('tidewheel schedule re'), ['resume']);
    assert.ok(complete('tidewheel run list --s').includes('--state'));
    assert.deepEqual(complete('tidewheel run list -o js'), ['json', 'jsonl']);
    assert.deepEqual(complete('tidewheel completion '), ['bash', 'zsh', 'fish', '--help', '-h']);
  });

  for (const shell of ['zsh', 'fish'] as const) {
    test(`in ${shell} names every command`, async () => {
      const { stdout } = await captured(['completion', shell]);
      for (const name of ['dev', 'schedule', 'preview', 'crontab']) assert.match(stdout, new RegExp(`\\b${name}\\b`));
      const { status, error } = spawnSync(shell, ['-n'], { input: stdout });
      // Where the shell is installed it must at least be able to read the script.
      if (error === undefined) assert.equal(status, 0);
    });
  }
});

test('version and openapi say what this is', async () => {
  assert.match((await captured(['version'])).stdout, /^tidewheel \d+\.\d+\.\d+ \(Node v/);
  assert.match((await captured(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  const api = JSON.parse((await bench.run(['openapi'])).stdout) as { openapi: string; paths: Record<string, unknown> };
  assert.match(api.openapi, /^3\.1/);
  assert.ok('/v1/namespaces/{ns}/runs' in api.paths, Object.keys(api.paths).join());
});

test('workers are listed, and drained', async () => {
  const { items } = JSON.parse((await bench.run(['worker', 'list', '-o', 'json'])).stdout) as {
    items: { worker: string; state: string; sessionId: string }[];
  };
  assert.deepEqual(
    items.filter(({ state }) => state === 'live').map(({ worker }) => worker),
    ['dev'],
  );
  assert.match((await bench.run(['worker', 'list'])).stdout, /^WORKER +STATE/);
});
