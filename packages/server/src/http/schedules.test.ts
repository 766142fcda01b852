import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  ComingFires,
  FireAudit,
  FireView,
  Overview,
  Page,
  Preview,
  RunSummary,
  ScheduleView,
  ServerInfo,
  TriggerResult,
} from '@tidewheel/protocol';
import { openDoor, type OpenDoor } from './testing/open-door.ts';

let door: OpenDoor;
before(async () => {
  door = await openDoor();
  const schedules = [
    { name: 'tick', every: '10s', payload: { from: 'tick' } },
    { name: 'nightly', cron: '0 3 * * *', timezone: 'Europe/Berlin' },
  ];
  const apply = await door.call('POST', 'apply', { body: { jobs: [{ name: 'noop', task: 'noop', schedules }] } });
  assert.equal(apply.status, 200);
});
after(() => door.close());

const schedule = async (name: string) => (await door.call('GET', `schedules/${name}`)).json<ScheduleView>();

test('a schedule shows its next fire, and after it has fired the last one with the state of its run', async () => {
  const before = await schedule('tick');
  assert.deepEqual([before.state, before.lastFireAt, before.lastRunState], ['enabled', null, null]);
  await door.bench.clock.advance(10_050);
  const after = await schedule('tick');
  assert.deepEqual([after.lastFireAt, after.lastRunState], [before.nextFireAt, 'ready']);
  const fires = (await door.call('GET', 'schedules/tick/fires?next=3')).json<Page<FireView> & { upcoming: number[] }>();
  const [fire] = fires.items;
  assert.deepEqual([fire?.fireAt, fire?.outcome], [before.nextFireAt, 'fired']);
  const next = after.nextFireAt ?? 0;
  assert.deepEqual(fires.upcoming, [next, next + 10_000, next + 20_000]);
  const runs = (await door.call('GET', 'runs?schedule=tick')).json<Page<RunSummary>>();
  assert.deepEqual(
    runs.items.map((run) => [run.id, run.schedule, run.fireAt]),
    [[fire?.runId, 'tick', fire?.fireAt]],
  );
});

test('a schedule is paused with a reason, resumed, and triggered by hand', async () => {
  const nothing = await door.call('POST', 'schedules/nightly/pause', { body: {} });
  assert.equal(nothing.problem().errors?.[0]?.pointer, '/reason');
  const paused = await door.call('POST', 'schedules/nightly/pause', { body: { reason: 'the disk is full' } });
  const view = paused.json<ScheduleView>();
  assert.deepEqual(
    [view.state, view.pausedReason, view.pausedBy, view.nextFireAt],
    ['paused', 'the disk is full', 'operator-of-default', null],
  );
  const upcoming = (await door.call('GET', 'schedules/nightly/fires?next=3')).json<{ upcoming: number[] }>().upcoming;
  assert.deepEqual(upcoming, []);
  const listed = (await door.call('GET', 'schedules?state=paused&q=NIGHT')).json<Page<ScheduleView>>();
  assert.deepEqual(
    listed.items.map((one) => one.name),
    ['nightly'],
  );
  const resumed = (await door.call('POST', 'schedules/nightly/resume')).json<ScheduleView>();
  assert.deepEqual([resumed.state, resumed.pausedReason], ['enabled', null]);
  const triggered = await door.call('POST', 'schedules/tick/trigger');
  assert.equal(triggered.status, 201);
  const run = await door.call('GET', `runs/${triggered.json<TriggerResult>().runId}`);
  assert.deepEqual(run.json()['payload'], { from: 'tick' });
  assert.equal((await door.call('POST', 'schedules/none/trigger')).problem().code, 'NOT_FOUND');
});

test('a schedule answers 304 to who knows its version', async () => {
  const first = await door.call('GET', 'schedules/nightly');
  const etag = first.headers.get('etag') ?? '';
  assert.equal((await door.call('GET', 'schedules/nightly', { headers: { 'if-none-match': etag } })).status, 304);
});

test('a preview shows instants with the local time of the zone, over a change of the clocks', async () => {
  const after = Date.UTC(2027, 2, 27, 12);
  const body = { cron: '0 3 * * *', timezone: 'Europe/Berlin', count: 2, after };
  const { fires } = (await door.call('POST', 'schedules/preview', { body })).json<Preview>();
  assert.deepEqual(fires, [
    { at: Date.UTC(2027, 2, 28, 1), local: '2027-03-28T03:00:00+02:00', marks: [] },
    { at: Date.UTC(2027, 2, 29, 1), local: '2027-03-29T03:00:00+02:00', marks: [] },
  ]);
  const utc = await door.call('POST', 'schedules/preview', { body: { cron: '@hourly', count: 1, after } });
  assert.equal(utc.json<Preview>().fires[0]?.local, '2027-03-27T13:00:00+00:00');
  for (const [bad, code] of [
    [{ cron: '61 * * * *' }, 'INVALID_CRON'],
    [{ cron: '* * * * *', timezone: 'Mars/Olympus' }, 'UNKNOWN_TIMEZONE'],
  ] as const) {
    const refused = await door.call('POST', 'schedules/preview', { body: bad });
    assert.deepEqual([refused.status, refused.problem().code], [422, code]);
  }
});

test('the fire audit of a schedule that fired is clean', async () => {
  await door.bench.clock.advance(30_000);
  const audit = (await door.call('GET', 'audit/fires?schedule=tick')).json<FireAudit>();
  assert.equal(audit.clean, true);
  assert.ok((audit.schedules[0]?.fired ?? 0) >= 3);
  assert.equal((await door.call('GET', 'audit/fires?schedule=none')).problem().code, 'NOT_FOUND');
});

test('the overview is kept for a second, however many ask', async () => {
  const overview = async () => (await door.call('GET', 'overview')).json<Overview>();
  const first = await overview();
  assert.deepEqual([first.schedules.enabled, first.workers.live], [2, 0]);
  assert.ok(first.waiting > 0 && first.attention.some((one) => one.kind === 'no-worker'));
  await door.call('POST', 'runs', { body: { job: 'noop' } });
  assert.equal((await overview()).waiting, first.waiting);
  await door.bench.clock.advance(1001);
  assert.equal((await overview()).waiting, first.waiting + 1);
});

test('the server tells its version, its store and the clock of the store', async () => {
  const info = (await door.call('GET', '/v1/server')).json<ServerInfo>();
  assert.deepEqual([info.name, info.version, info.store], ['tidewheel', 'test', 'sqlite']);
  assert.equal(info.now, door.bench.context.clock.wallMs());
  assert.equal(info.masterId, door.master.id);
  const names = (await door.call('GET', '/v1/namespaces')).json<{ items: string[] }>();
  assert.deepEqual(names.items, ['default']);
});

test('the calendar of coming fires counts them in whole buckets, with the schedule that brings the most', async () => {
  const from = Math.ceil(((await schedule('tick')).nextFireAt ?? 0) / 600_000) * 600_000 + 1;
  const answer = await door.call('GET', `coming-fires?from=${from}&to=${from + 3_600_000}&bucket=600000`);
  const coming = answer.json<ComingFires>();
  assert.equal(coming.from % 600_000, 0);
  assert.equal(coming.buckets.length, 7);
  assert.deepEqual([coming.schedules, coming.truncated, coming.estimated], [2, false, []]);
  assert.deepEqual([coming.buckets[1]?.fires, coming.buckets[1]?.peak], [60, 1]);
  assert.equal(coming.buckets[1]?.top[0]?.schedule, 'tick');
  for (const [query, pointer] of [
    [`from=${from}&to=${from}`, '/to'],
    [`from=${from}&to=${from + 100 * 86_400_000}`, '/to'],
    [`from=${from}&to=${from + 2 * 86_400_000}&bucket=60000`, '/bucket'],
  ]) {
    const refused = await door.call('GET', `coming-fires?${query}`);
    assert.deepEqual([refused.status, refused.problem().errors?.[0]?.pointer], [422, pointer]);
  }
});
