import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { resolveConnection } from './connection.ts';
import { UsageError } from './failure.ts';
import type { Terminal } from './terminal.ts';

function setup(context: TestContext, files: Record<string, string>, env: Record<string, string> = {}): Terminal {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-connection-'));
  context.after(() => rmSync(home, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, '..'), { recursive: true });
    writeFileSync(join(home, name), text.replaceAll('HOME', home));
  }
  return { env, home, cwd: home } as unknown as Terminal;
}

const contexts = `
context: near
contexts:
  near: {url: "http://near:7070", token: near-token, namespace: team}
  far: {url: ["https://far-1", "https://far-2"], tokenFile: HOME/far.token}
`;
const left = JSON.stringify({ url: 'http://127.0.0.1:7071', token: 'dev-token', namespace: 'default', pid: 1 });
const both = { '.config/tidewheel/config.yaml': contexts, 'far.token': 'far-token\n', '.tidewheel/client.json': left };

test('takes what a dev server left in its data directory when nothing else is said', (context) => {
  const connection = resolveConnection({}, setup(context, { '.tidewheel/client.json': left }));
  assert.deepEqual(
    [connection.addresses, connection.token, connection.namespace],
    [['http://127.0.0.1:7071'], 'dev-token', 'default'],
  );
});

test('takes the context that is in use, another one by flag or environment, and a named data directory before it', (context) => {
  assert.equal(resolveConnection({}, setup(context, both)).token, 'near-token');
  const far = resolveConnection({ context: 'far' }, setup(context, both));
  assert.deepEqual(
    [far.addresses, far.token, far.namespace],
    [['https://far-1', 'https://far-2'], 'far-token', 'default'],
  );
  assert.equal(resolveConnection({}, setup(context, both, { TIDEWHEEL_CONTEXT: 'far' })).token, 'far-token');
  const terminal = setup(context, both);
  assert.equal(resolveConnection({ data: join(terminal.home, '.tidewheel') }, terminal).token, 'dev-token');
});

test('takes flags before the environment and the environment before files', (context) => {
  const env = { TIDEWHEEL_URL: 'http://env:1/', TIDEWHEEL_TOKEN: 'env-token', TIDEWHEEL_NAMESPACE: 'env' };
  const fromEnv = resolveConnection({}, setup(context, both, env));
  assert.deepEqual([fromEnv.addresses, fromEnv.token, fromEnv.namespace], [['http://env:1'], 'env-token', 'env']);
  const fromFlags = resolveConnection(
    { url: 'http://flag:1', token: 'flag-token', namespace: 'flag' },
    setup(context, both, env),
  );
  assert.deepEqual(
    [fromFlags.addresses, fromFlags.token, fromFlags.namespace],
    [['http://flag:1'], 'flag-token', 'flag'],
  );
});

test('never sends the token of a file to another address than the one that stands with it', (context) => {
  assert.equal(resolveConnection({ url: 'http://stranger:1' }, setup(context, both)).token, null);
  assert.equal(resolveConnection({ url: 'http://near:7070' }, setup(context, both)).token, 'near-token');
});

test('says what to do when no server is known, the context is unknown or the file is broken', (context) => {
  assert.throws(
    () => resolveConnection({}, setup(context, {})),
    (error) => error instanceof UsageError && /tidewheel dev/.test(error.message),
  );
  const refused = (text: RegExp) => (error: unknown) =>
    error instanceof Refusal &&
    error.code === 'INVALID_CONFIG' &&
    text.test(`${error.message} ${JSON.stringify(error.faults)}`);
  assert.throws(() => resolveConnection({ context: 'prod' }, setup(context, both)), refused(/knows near, far/));
  assert.throws(
    () => resolveConnection({}, setup(context, { '.config/tidewheel/config.yaml': 'context: [' })),
    refused(/config\.yaml:1:\d+/),
  );
  assert.throws(
    () => resolveConnection({}, setup(context, { '.config/tidewheel/config.yaml': 'contxt: a\n' })),
    refused(/did you mean `context`/),
  );
  assert.throws(
    () => resolveConnection({ config: '/nowhere.yaml' }, setup(context, {})),
    refused(/no configuration file/),
  );
  assert.throws(() => resolveConnection({ url: 'near:7070' }, setup(context, {})), UsageError);
  assert.throws(() => resolveConnection({ url: 'http://a', namespace: 'A b' }, setup(context, {})), UsageError);
});
