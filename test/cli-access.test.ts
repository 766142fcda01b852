// Who gets in: tokens, their roles and namespaces, and what a server refuses to start with.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { captured } from './support/captured-terminal.ts';
import { cliBench } from './support/cli-bench.ts';
import { eventually, Program, repositoryRoot, tidewheel } from './support/tidewheel.ts';

const bench = cliBench();

describe('tokens', () => {
  test('permit what their role says in their namespace, and nothing once revoked', async () => {
    const made = await bench.run(['token', 'create', 'watcher', '--role', 'viewer', '-o', 'json']);
    const { id, secret } = JSON.parse(made.stdout) as { id: string; secret: string };
    const env = { TIDEWHEEL_URL: bench.dev.access.url, TIDEWHEEL_TOKEN: secret };
    assert.equal((await captured(['job', 'list'], { env })).code, 0);
    const forbidden = await captured(['job', 'trigger', 'ok'], { env });
    assert.deepEqual([forbidden.code, /FORBIDDEN/.test(forbidden.stderr)], [5, true]);
    const listed = await bench.run(['token', 'list', '-o', 'json']);
    assert.ok(listed.stdout.includes(id) && !listed.stdout.includes(secret));
    assert.equal((await bench.run(['token', 'revoke', `token/${id}`])).code, 0);
    await eventually(
      'it is useless',
      async () => (await captured(['job', 'list'], { env })).code === 5 || undefined,
      6000,
    );
  });

  test('print their secret alone on stdout', async () => {
    const { stdout, stderr } = await bench.run(['token', 'create', 'pipe', '--role', 'worker', '--expires-in', '1h']);
    assert.match(stdout, /^tw_[0-9a-f]{8}_\S+\n$/);
    assert.match(stderr, /not shown again/);
  });

  test('of one namespace see nothing of another', async () => {
    const { stdout } = await bench.run(['token', 'create', 'other', '--role', 'admin', '--for', 'elsewhere']);
    const env = { TIDEWHEEL_URL: bench.dev.access.url, TIDEWHEEL_TOKEN: stdout.trim() };
    assert.equal((await captured(['job', 'show', 'ok'], { env })).code, 3);
  });

  test('give a link into the console', async () => {
    const { stdout } = await bench.run(['token', 'sign-in']);
    assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/sign-in#\S{20,}\n$/);
  });
});

describe('a server', () => {
  test('gets its first token into a file, serves with it, and stops on SIGTERM', { timeout: 20_000 }, async () => {
    const store = `sqlite:${join(bench.home, 'server', 'tidewheel.db')}`;
    const tokenFile = join(bench.home, 'admin.token');
    const server = new Program([
      '--conditions=source',
      join(repositoryRoot, 'packages/server/src/main.ts'),
      'server',
      '--store',
      store,
      '--listen',
      '127.0.0.1:0',
      '--bootstrap-token-file',
      tokenFile,
    ]);
    after(() => server.end('SIGKILL'));
    const [, address = ''] = await server.says(/"address":"(http:[^"]+)"/);
    assert.equal(statSync(tokenFile).mode & 0o777, 0o600);
    const config = bench.file(
      'config.yaml',
      `context: here\ncontexts:\n  here: {url: "${address}", tokenFile: "${tokenFile}"}\n`,
    );
    assert.equal((await captured(['job', 'list', '--config', config])).code, 0);
    assert.equal((await server.end('SIGTERM')).code, 0);

    // Whoever holds the store needs no token to make one.
    const made = await captured(['token', 'create', 'second', '--role', 'admin', '--for', '*', '--store', store]);
    assert.match(made.stdout, /^tw_/);
  });

  const refusals: [what: string, args: string[], code: number, says: RegExp][] = [
    ['a public address without TLS', ['--listen', '0.0.0.0:0'], 2, /PUBLIC_WITHOUT_TLS[^]*--insecure-public-http/],
    ['a wrong key', ['--listen', 'nowhere'], 2, /INVALID_CONFIG[^]*--listen is "nowhere"/],
    ['half of TLS', ['--tls-cert', 'a.pem'], 2, /tls\.key/],
    [
      'a certificate that is not there',
      ['--tls-cert', '/nowhere/a.pem', '--tls-key', '/nowhere/b.pem'],
      2,
      /tls\.key: \/nowhere\/b\.pem/,
    ],
    ['a PostgreSQL that is not there', ['--store', 'postgres://127.0.0.1:9/tidewheel'], 6, /STORE_UNREACHABLE/],
  ];
  for (const [what, args, code, says] of refusals) {
    test(`refuses ${what}`, { timeout: 20_000 }, async () => {
      const outcome = await tidewheel(['server', '--store', `sqlite:${join(bench.home, 'refused', 't.db')}`, ...args]);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, says);
    });
  }
});
