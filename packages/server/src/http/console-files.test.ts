import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let dir: string;
let door: OpenDoor;
const script = `export const words = ${JSON.stringify('tide '.repeat(500))};`;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidewheel-console-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), '<!doctype html><title>Tidewheel</title>');
  await writeFile(join(dir, 'favicon.svg'), '<svg/>');
  await writeFile(join(dir, 'assets/main-Cx3k9_aB.js'), script);
  await writeFile(join(dir, 'secret.pem'), 'not for serving');
  door = await openDoor({ consoleDir: dir });
});
after(async () => {
  await door.close();
  await rm(dir, { recursive: true });
});

const page = (path: string, headers: Record<string, string> = {}) => door.call('GET', path, { token: null, headers });

test('pages of the console are its index under a strict policy, without credentials', async () => {
  for (const path of ['/', '/sign-in', '/runs/01900000-0000-7000-8000-00000000abcd', '/schedules/a%2Fb?state=paused']) {
    const answer = await page(path);
    assert.deepEqual([answer.status, answer.text], [200, '<!doctype html><title>Tidewheel</title>'], path);
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(answer.headers.get('cache-control'), 'no-cache');
    const policy = answer.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
  }
});

test('hashed assets may be kept for ever and come compressed', async () => {
  const answer = await page('/assets/main-Cx3k9_aB.js', { 'accept-encoding': 'gzip' });
  assert.equal(answer.text, script);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.match(answer.headers.get('content-type') ?? '', /^text\/javascript/);
  assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  const plain = await page('/assets/main-Cx3k9_aB.js', { 'accept-encoding': 'identity' });
  assert.deepEqual([plain.text, plain.headers.get('content-encoding')], [script, null]);
});

test('a file that the browser has is not sent again', async () => {
  const etag = (await page('/favicon.svg')).headers.get('etag') ?? '';
  const again = await page('/favicon.svg', { 'if-none-match': etag });
  assert.deepEqual([again.status, again.text], [304, '']);
});

test('nothing but known kinds of files below the directory is ever served', async () => {
  for (const path of [
    '/secret.pem',
    '/assets/none.js',
    '/..%2f..%2fetc%2fpasswd.txt',
    '/%2e%2e/secret.pem',
    '/v1/none',
  ]) {
    const answer = await page(path);
    assert.deepEqual([answer.status, answer.problem().code], [404, 'NOT_FOUND'], path);
  }
});

test('without a built console the pages say so', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'tidewheel-console-'));
  const bare = await openDoor({ consoleDir: empty });
  const answer = await bare.call('GET', '/', { token: null });
  assert.match(answer.problem().detail, /was not built/);
  await bare.close();
  await rm(empty, { recursive: true });
});
