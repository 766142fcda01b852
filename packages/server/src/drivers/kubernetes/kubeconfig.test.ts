import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { readKubeconfig } from './kubeconfig.ts';

function setup(t: TestContext): { write: (name: string, text: string) => string; home: string } {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-kubeconfig-'));
  t.after(() => rmSync(home, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(home, name), text);
    return join(home, name);
  };
  return { write, home };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const whole = `
apiVersion: v1
kind: Config
current-context: one
clusters:
  - name: c1
    cluster: { server: 'https://one.example:6443', certificate-authority-data: ${base64('the ca')} }
  - name: c2
    cluster: { server: 'https://two.example', certificate-authority: ca.crt, tls-server-name: kube }
users:
  - name: u1
    user: { client-certificate-data: ${base64('the cert')}, client-key-data: ${base64('the key')} }
  - name: u2
    user: { tokenFile: token, token: overruled }
contexts:
  - name: one
    context: { cluster: c1, user: u1, namespace: any }
  - name: two
    context: { cluster: c2, user: u2 }
`;

async function refused(paths: readonly string[], context: string | null = null): Promise<string> {
  const error = await readKubeconfig(paths, context).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Refusal && error.code === 'INVALID_CONFIG', String(error));
  assert.doesNotMatch(error.message, /hush/, 'a secret stands in the message');
  return error.message;
}

test('the current context is used, or the one that is named; paths begin beside the file', async (t) => {
  const { write, home } = setup(t);
  const path = write('config', whole);
  assert.deepEqual(await readKubeconfig([path], null), {
    server: 'https://one.example:6443',
    servername: null,
    ca: { text: 'the ca' },
    cert: { text: 'the cert' },
    key: { text: 'the key' },
    token: null,
  });
  assert.deepEqual(await readKubeconfig([path], 'two'), {
    server: 'https://two.example',
    servername: 'kube',
    ca: { file: join(home, 'ca.crt') },
    cert: null,
    key: null,
    token: { file: join(home, 'token') },
  });
});

test('several files are joined, and of two with the same name the first one counts', async (t) => {
  const { write } = setup(t);
  const first = write('first', 'current-context: two\nusers: [{ name: u2, user: { token: mine } }]\n');
  const { server, token } = await readKubeconfig([first, write('second', whole)], null);
  assert.deepEqual([server, token], ['https://two.example', { text: 'mine' }]);
});

const user = (text: string): string => whole.replace(/user: \{ client-cert.*\}/, `user: ${text}`);
const cluster = (text: string): string => whole.replace(/cluster: \{ server: 'https:\/\/one.*\}/, `cluster: ${text}`);

const bad: readonly [what: string, text: string, expected: RegExp][] = [
  [
    'an exec plugin',
    user('{ exec: { command: aws, args: [hush] } }'),
    /exec plugin or auth-provider are not supported: use/,
  ],
  ['an auth-provider', user('{ auth-provider: { name: gcp } }'), /exec plugin or auth-provider/],
  ['a password', user('{ username: me, password: hush }'), /user name and password/],
  ['half a certificate', user('{ client-certificate-data: aHVzaA== }'), /certificate and its key go together/],
  ['nobody', user('{}'), /neither a token nor a client certificate/],
  ['no verification', cluster('{ server: "https://x", insecure-skip-tls-verify: true }'), /insecure-skip-tls-verify/],
  ['a proxy', cluster('{ server: "https://x", proxy-url: "http://me:hush@p" }'), /proxy-url is not supported/],
  ['no TLS', cluster('{ server: "http://x" }'), /must be an https address/],
  ['what is no YAML', 'users: [{ token: hush', /is not YAML/],
  ['another shape', 'clusters: [{ name: hush }]', /clusters\.0\.cluster is missing or of another type/],
  ['no context', whole.replace('current-context: one', ''), /names no current-context; say which: FILE#CONTEXT/],
];
for (const [what, text, expected] of bad) {
  test(`${what} is refused by name, without what stands there`, async (t) => {
    const { write } = setup(t);
    assert.match(await refused([write('config', text)]), expected);
  });
}

test('what is named and is not there is said', async (t) => {
  const { write } = setup(t);
  const path = write('config', whole.replace('cluster: c2', 'cluster: c3').replace('user: u1', 'user: u9'));
  assert.match(await refused([path], 'three'), /has no context three/);
  assert.match(await refused([path], 'two'), /has no cluster c3/);
  assert.match(await refused([path]), /has no user u9/);
  assert.match(await refused([`${path}-absent`]), /cannot be read/);
});
