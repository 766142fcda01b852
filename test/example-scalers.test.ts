// The examples in examples/scalers, held to the suite that every scaler passes: the script for Docker Compose with a docker that keeps its
// containers as files, the service for a cloud's group with a cloud that keeps its instances in memory.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { PoolDriver } from '@tidewheel/protocol';
import { commandScaler } from '../packages/server/src/drivers/command/command-scaler.ts';
import { systemClock } from '../packages/server/src/drivers/system/clock.ts';
import { openHttp } from '../packages/server/src/drivers/system/http-client.ts';
import { webhookScaler } from '../packages/server/src/drivers/webhook/webhook-scaler.ts';
import { type ScalerEnds, testScaler } from '../packages/server/src/ports/conformance/scaler.ts';
import { scaledPool } from '../packages/server/src/ports/testing/scaled-pool.ts';
import { repositoryRoot } from '../tools/house/repository.ts';
import { makeCertificates } from './support/certificates.ts';

const script = join(repositoryRoot, 'examples/scalers/compose.sh');
const service = join(repositoryRoot, 'examples/scalers/cloud-group.ts');

/** As much of docker as the script calls. A container is a file: its name the id, its text the service and the state. */
const docker = `#!/bin/sh
set -eu
cd "$(dirname "$0")/containers"
[ -e ../fault ] && { if [ "$(cat ../fault)" = silent ]; then sleep 600; else echo 'Cannot connect to the Docker daemon' >&2; exit 1; fi; }
case $1 in
  ps)
    for word in "$@"; do case $word in label=com.docker.compose.service=*) service=\${word##*=} ;; esac; done
    grep -l "^$service " * 2>/dev/null || true ;;
  inspect)
    shift 3
    for id in "$@"; do [ -e "$id" ] && { read -r _ state < "$id"; echo "$id $state none"; }; done ;;
  stop) [ -e "$4" ] ; sed -i 's/ .*/ exited/' "$4"; echo end >> ../changes ;;
  rm) rm "$2" ;;
  compose)
    for word in "$@"; do case $word in *=*) service=\${word%=*} wanted=\${word#*=} ;; esac; done
    living=$(grep -l "^$service running" * 2>/dev/null | wc -l)
    # The real one chooses by itself whom it ends: the script may never come here.
    [ "$living" -gt "$wanted" ] && { echo chosen >> ../violations; exit 1; }
    while [ "$living" -lt "$wanted" ]; do
      next=$(( $(cat ../next 2>/dev/null || echo 0) + 1 )); echo $next > ../next
      echo "$service running" > "$(printf '%064x' $((next * 7919)) | cut -c 53-64)$(printf '%052d' $next)"
      living=$((living + 1)); echo start >> ../changes
    done ;;
esac
`;

testScaler('compose.sh', async (): Promise<ScalerEnds> => {
  const home = mkdtempSync(join(tmpdir(), 'tidewheel-compose-'));
  mkdirSync(join(home, 'containers'));
  writeFileSync(join(home, 'docker'), docker);
  chmodSync(join(home, 'docker'), 0o755);
  const environment = { PATH: `${home}:${process.env['PATH']}` };
  const scaler = commandScaler({ allowed: [script], environment, clock: systemClock });
  const driver = (name: string): PoolDriver => ({
    kind: 'command',
    command: [script, 'project', 'compose.yaml', name],
    timeout: 3000,
  });
  const lines = (name: string): number =>
    existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8').split('\n').length - 1 : 0;
  return {
    scaler,
    pool: scaledPool('crunch', driver('crunch')),
    other: scaledPool('print', driver('print')),
    machines: async ({ name }) =>
      readdirSync(join(home, 'containers'))
        .filter((id) => readFileSync(join(home, 'containers', id), 'utf8') === `${name} running\n`)
        .map((id) => id.slice(0, 12)),
    settle: async () => undefined,
    changes: () => lines('changes'),
    fault: (kind) => (kind === null ? rmSync(join(home, 'fault')) : writeFileSync(join(home, 'fault'), kind)),
    held: async () => Number(spawnSync('pgrep', ['-c', '-f', home]).stdout.toString()),
    boundMs: 5000,
    close: async () => {
      await scaler.close();
      assert.equal(lines('violations'), 0);
      rmSync(home, { recursive: true });
    },
  };
});

test('the script says what it does not know, and takes no name for a container that could not be one', async () => {
  const run = (input: string): string =>
    execFileSync(script, ['p', 'f', 's'], { input, encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  assert.match(
    run('{"version":2,"action":"observe","pool":{}}'),
    /^\{"version":1,"error":"the request is of another version/,
  );
  assert.equal(spawnSync(script, ['p']).status, 2);
});

interface Instance {
  readonly id: string;
  readonly state: 'running' | 'terminating';
  readonly launchedAt: string;
}

/** A cloud with groups, as every cloud has them: it chooses by itself whom a smaller number ends. */
class Cloud {
  readonly groups = new Map<string, { desired: number; instances: Instance[] }>();
  fault: 'refuses' | 'silent' | null = null;
  changes = 0;
  violations = 0;
  #made = 0;
  readonly server = createServer((request, response) => void this.#serve(request, response));

  settle(): void {
    for (const group of this.groups.values()) {
      group.instances = group.instances.filter(({ state }) => state === 'running');
      if (group.instances.length > group.desired) {
        this.violations += 1;
        group.instances.length = group.desired;
      }
      while (group.instances.length < group.desired) {
        this.#made += 1;
        group.instances.push({
          id: `i-${this.#made}`,
          state: 'running',
          launchedAt: new Date(this.#made * 1000).toISOString(),
        });
      }
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += String(piece);
    if (this.fault === 'silent') return;
    if (this.fault === 'refuses' || request.headers.authorization !== 'Bearer of-the-cloud')
      return void response.writeHead(403).end();
    const [, , name = '', what, instance] = (request.url ?? '').split('/');
    const group = this.groups.get(name) ?? { desired: 0, instances: [] };
    this.groups.set(name, group);
    const order = body === '' ? {} : (JSON.parse(body) as { desired?: number; decrement?: boolean });
    if (what === 'desired-capacity') {
      if (order.desired !== group.desired) this.changes += 1;
      group.desired = order.desired ?? 0;
    }
    if (what === 'instances') {
      const found = group.instances.findIndex(({ id, state }) => id === instance && state === 'running');
      const one = group.instances[found];
      if (one === undefined) return void response.writeHead(404).end();
      this.changes += 1;
      group.instances[found] = { ...one, state: 'terminating' };
      if (order.decrement === true) group.desired -= 1;
    }
    response.end(JSON.stringify(group));
  }
}

const home = mkdtempSync(join(tmpdir(), 'tidewheel-cloud-'));
after(() => rmSync(home, { recursive: true }));
const certificates = makeCertificates(home);
const secret = 'a secret of thirty-two characters';

testScaler('cloud-group.ts', async (): Promise<ScalerEnds> => {
  const cloud = new Cloud();
  cloud.server.listen(0, '127.0.0.1');
  await once(cloud.server, 'listening');
  const secretFile = join(home, 'secret');
  writeFileSync(secretFile, `${secret}\n`);
  const child = spawn(process.execPath, [service], {
    env: {
      GROUP_API: `http://127.0.0.1:${(cloud.server.address() as AddressInfo).port}`,
      GROUP_TOKEN: 'of-the-cloud',
      WEBHOOK_SECRET_FILE: secretFile,
      TLS_CERT: certificates.certFile,
      TLS_KEY: certificates.keyFile,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const base = `https://127.0.0.1:${/port (\d+)/.exec(said.toString())?.[1]}/pools`;
  const http = openHttp({ ca: readFileSync(certificates.caFile, 'utf8') });
  const scaler = webhookScaler({ allowed: [base], secret, http, clock: systemClock });
  const driver = (name: string): PoolDriver => ({ kind: 'webhook', url: `${base}/${name}`, timeout: 2000 });
  return {
    scaler,
    pool: scaledPool('crunch', driver('crunch')),
    other: scaledPool('print', driver('print')),
    machines: async ({ name }) =>
      (cloud.groups.get(name)?.instances ?? []).filter(({ state }) => state === 'running').map(({ id }) => id),
    settle: async () => cloud.settle(),
    changes: () => cloud.changes,
    fault: (kind) => {
      cloud.fault = kind;
    },
    held: async () => 0,
    boundMs: 3000,
    close: async () => {
      await scaler.close();
      child.kill('SIGKILL');
      cloud.server.closeAllConnections();
      cloud.server.close();
      assert.equal(cloud.violations, 0, 'the cloud had to choose');
    },
  };
});

test('the service for a cloud takes no call that is not signed, or old', { timeout: 20_000 }, async (t) => {
  const secretFile = join(home, 'secret');
  writeFileSync(secretFile, `${secret}\n`);
  const env = {
    GROUP_API: 'http://127.0.0.1:1',
    GROUP_TOKEN: 'x',
    WEBHOOK_SECRET_FILE: secretFile,
    TLS_CERT: certificates.certFile,
    TLS_KEY: certificates.keyFile,
    PORT: '0',
  };
  const child = spawn(process.execPath, [service], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `https://127.0.0.1:${/port (\d+)/.exec(said.toString())?.[1]}/pools/crunch`;
  const http = openHttp({ ca: readFileSync(certificates.caFile, 'utf8') });
  const driver: PoolDriver = { kind: 'webhook', url, timeout: 2000 };
  const pool = scaledPool('crunch', driver);
  for (const [words, clock] of [
    ['another secret of thirty-two characters', systemClock],
    [secret, { ...systemClock, wallMs: () => systemClock.wallMs() - 301_000 }],
  ] as const) {
    const scaler = webhookScaler({ allowed: [url], secret: words, http, clock });
    await assert.rejects(scaler.observe(pool), /the answer was 401: .*missing, wrong or old/);
  }
  const right = webhookScaler({ allowed: [url], secret, http, clock: systemClock });
  await assert.rejects(right.observe(pool), /fetch failed/);
  await right.close();
});
