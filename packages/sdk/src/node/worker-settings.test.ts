import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultWorkerName, settingsOf } from './worker-settings.ts';

test('a worker is named after its host and process, in a pod of Kubernetes after the pod alone', () => {
  assert.equal(defaultWorkerName('host.example', 42, false), 'host.example-42');
  assert.equal(defaultWorkerName('crunch-7d9f6-abcde', 1, true), 'crunch-7d9f6-abcde');
  assert.equal(defaultWorkerName('_odd name', 42, false), 'odd-name-42');
});

test('the settings of a worker in a pod bear the name of the pod', () => {
  const before = process.env['KUBERNETES_SERVICE_HOST'];
  process.env['KUBERNETES_SERVICE_HOST'] = '192.0.2.1';
  try {
    const { worker, host } = settingsOf({ executors: ['http'] }, [], ['http://127.0.0.1:1']);
    assert.equal(worker, defaultWorkerName(host, process.pid, true));
    assert.equal(settingsOf({ executors: ['http'], name: 'mine' }, [], ['http://127.0.0.1:1']).worker, 'mine');
  } finally {
    if (before === undefined) delete process.env['KUBERNETES_SERVICE_HOST'];
    else process.env['KUBERNETES_SERVICE_HOST'] = before;
  }
});
