// The database of etcd is full (its alarm NOSPACE): it gives no more leases until somebody makes room and takes the alarm back. No new leader can
// be elected meanwhile, which stops neither schedules nor runs, and the cluster must say what is wrong.

import { leaderAfter } from '../leader-seat.ts';
import { pause, until } from '../processes.ts';
import type { Scenario, Stage } from '../scenario.ts';

const quotaBytes = 16 * 1024 * 1024;
const valueBytes = 512 * 1024;
const withoutLeaderMs = 10_000;
const prefix = 'filled/';

interface Answer {
  readonly ok: boolean;
  readonly body: {
    readonly header?: { readonly revision: string };
    readonly alarms?: readonly { readonly memberID: string }[];
  };
}

async function call(endpoint: string, path: string, body: object): Promise<Answer> {
  const answer = await fetch(`${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  return { ok: answer.ok, body: (await answer.json()) as Answer['body'] };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function endpoints(stage: Stage): readonly [string, ...string[]] {
  const [first, ...others] = stage.cluster.etcd?.endpoints ?? [];
  if (first === undefined) throw new Error('there is no etcd');
  return [first, ...others];
}

async function fill(stage: Stage): Promise<void> {
  const [endpoint] = endpoints(stage);
  const value = base64('x'.repeat(valueBytes));
  for (let n = 0; n < (2 * quotaBytes) / valueBytes; n += 1)
    if (!(await call(endpoint, 'kv/put', { key: base64(`${prefix}${n}`), value })).ok) return;
  throw new Error('etcd is not full after twice its quota');
}

async function makeRoom(stage: Stage): Promise<void> {
  const all = endpoints(stage);
  const [endpoint] = all;
  const ask = async (at: string, path: string, body: object): Promise<Answer['body']> => {
    const answer = await call(at, path, body);
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const deleted = await ask(endpoint, 'kv/deleterange', { key: base64(prefix), range_end: base64('filled0') });
  await ask(endpoint, 'kv/compaction', { revision: deleted.header?.revision, physical: true });
  for (const member of all) await ask(member, 'maintenance/defragment', {});
  const { alarms = [] } = await ask(endpoint, 'maintenance/alarm', { action: 'GET', memberID: '0', alarm: 'NONE' });
  for (const { memberID } of alarms)
    await ask(endpoint, 'maintenance/alarm', { action: 'DEACTIVATE', memberID, alarm: 'NOSPACE' });
}

async function isTold(stage: Stage): Promise<boolean> {
  const seat = stage.cluster.masters.find(({ program }) => program?.over === false);
  const response = await fetch(`http://127.0.0.1:${seat?.port}/v1/cluster`, {
    headers: { authorization: `Bearer ${stage.cluster.adminToken}` },
    signal: AbortSignal.timeout(5000),
  });
  const { degraded } = (await response.json()) as { degraded: { what: string; detail: string }[] };
  return degraded.some(({ what, detail }) => what === 'coordinator-member' && detail.includes('NOSPACE'));
}

const noSpace: Scenario = {
  id: '21',
  title: 'the database of etcd is full, and the leader is killed; after 10 s there is room again',
  expects: 'the cluster says so; nobody new leads meanwhile, and firing goes on; then there is a leader by itself',
  cluster: { etcd: true, etcdFlags: [`--quota-backend-bytes=${quotaBytes}`] },
  play: async (stage) => {
    const { term, seat } = await leaderAfter(stage, 0);
    await fill(stage);
    stage.mark('etcd is full');
    await until('the cluster says so', () => isTold(stage).catch(() => false), 10_000);
    stage.note('told', 1);
    stage.mark(`the cluster says so; ${seat.name}, which leads, is killed`);
    await seat.running.end('SIGKILL');
    await pause(withoutLeaderMs);
    await makeRoom(stage);
    await until('the alarm is over', async () => !(await isTold(stage).catch(() => true)), 10_000);
    const at = stage.mark('there is room again');
    await leaderAfter(stage, term);
    stage.note('a new leader after, ms', Date.now() - at);
    await seat.start();
  },
  criteria: (measures, _, noted) => [
    { name: 'told', measured: noted.get('told') ?? 0, atLeast: 1 },
    { name: 'a new leader after, ms', measured: noted.get('a new leader after, ms') ?? Infinity, atMost: 8000 },
    { name: 'delay of any fire, ms', measured: measures.fireDelayMs.max, atMost: 1000 },
    { name: 'runs executed again', measured: measures.rescuedRuns, atMost: 0 },
  ],
};

export const fullEtcdScenarios: readonly Scenario[] = [noSpace];
