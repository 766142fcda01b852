import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Refusal } from '@tidewheel/protocol';
import { readConfig, type ScalerConfig } from '../config.ts';
import { closeScalers, openScalers } from './open-scalers.ts';

function setup(
  t: TestContext,
  secret = 'x'.repeat(32),
): { home: string; config: (flags: Record<string, string>) => ScalerConfig } {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-open-scalers-'));
  t.after(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, 'secret'), `${secret}\n`);
  writeFileSync(
    join(home, 'kubeconfig'),
    JSON.stringify({
      'current-context': 'a',
      clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'a', user: { token: 'hush' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    }),
  );
  return { home, config: (flags) => readConfig({ flags, env: {}, file: null }).scaler };
}

test('only what the configuration names is there', async (t) => {
  const { home, config } = setup(t);
  assert.deepEqual(Object.keys(await openScalers(config({}))), []);
  const all = await openScalers(
    config({
      'scaler-kubernetes': join(home, 'kubeconfig'),
      'scaler-commands': '/usr/bin/true',
      'scaler-webhooks': 'https://a.example',
      'scaler-webhook-secret-file': join(home, 'secret'),
    }),
  );
  assert.deepEqual(Object.keys(all).toSorted(), ['command', 'kubernetes', 'webhook']);
  await closeScalers(all);
});

test('a file that is missing and a secret that is short keep the master from starting', async (t) => {
  const { home, config } = setup(t, 'short');
  const webhook = { 'scaler-webhooks': 'https://a.example', 'scaler-webhook-secret-file': join(home, 'secret') };
  const refusals: readonly [Record<string, string>, RegExp][] = [
    [webhook, /webhookSecretFile: expected at least 32 characters/],
    [{ ...webhook, 'scaler-webhook-secret-file': join(home, 'absent') }, /webhookSecretFile: .*absent cannot be read/],
    [{ 'scaler-kubernetes': join(home, 'absent') }, /the kubeconfig .*absent cannot be read/],
  ];
  for (const [flags, expected] of refusals)
    await assert.rejects(
      openScalers(config(flags)),
      (error) => error instanceof Refusal && error.code === 'INVALID_CONFIG' && expected.test(error.message),
    );
});
