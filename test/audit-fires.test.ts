// `tidewheel audit fires` is an alarm that scripts can hear: what is planted in a store while nobody runs it is told by exit code 1.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '../packages/server/src/drivers/sqlite/database.ts';
import { Dev, scratch } from './support/tidewheel.ts';

interface Audit {
  readonly clean: boolean;
  readonly schedules: readonly { schedule: string; missing: number; doubled: number; unexpected: number }[];
}

test('a lost ledger row and a run made twice end the audit with exit code 1, each with its name', {
  timeout: 60_000,
}, async (context) => {
  const directory = scratch(context);
  const jobs = join(directory, 'jobs.yaml');
  const beat = (name: string) => ({
    name,
    shell: { argv: ['true'] },
    schedules: [{ name, cron: '* * * * * *', misfire: { policy: 'all' } }],
  });
  writeFileSync(jobs, JSON.stringify({ jobs: [beat('lost'), beat('twice')] }));
  const data = join(directory, 'data');
  const first = await Dev.start(data, ['--jobs', jobs]);
  await first.says(/✓ lost [^]*✓ lost /);
  await first.says(/✓ twice [^]*✓ twice /);
  assert.equal((await first.end('SIGINT')).code, 0);

  const db = openSqlite({ path: join(data, 'tidewheel.db'), nowMs: Date.now });
  const oldest = (name: string) =>
    `(select min(f.fire_at) from fire f join schedule s on s.id = f.schedule_id where s.name = '${name}')`;
  const idOf = (name: string) => `(select id from schedule where name = '${name}')`;
  await db.query(`delete from fire where schedule_id = ${idOf('lost')} and fire_at = ${oldest('lost')}`);
  await db.query(`delete from run_archive where schedule_id = ${idOf('lost')} and fire_at < ${oldest('lost')}`);
  const columns = (await db.query<{ name: string }>(`select name from pragma_table_info('run_archive')`)).map(
    ({ name }) => name,
  );
  // A new name that keeps its time, as a second run of the same fire would have.
  const otherId = `substr(id, 1, 35) || case substr(id, 36) when '0' then '1' else '0' end`;
  const copied = columns.map((name) => (name === 'id' ? otherId : name)).join(', ');
  await db.query(
    `insert into run_archive (${columns.join(', ')}) select ${copied} from run_archive
     where schedule_id = ${idOf('twice')} and fire_at = ${oldest('twice')} limit 1`,
  );
  await db.close();

  const second = await Dev.start(data, ['--jobs', jobs]);
  context.after(() => second.end('SIGKILL'));
  // The audit leaves the last seconds out; what was planted is older than they are once new runs have ended.
  await second.says(/(✓ lost [^]*){7}/);
  const told = await second.command(['audit', 'fires', '-o', 'json']);
  assert.equal(told.code, 1, told.stderr);
  const { clean, schedules } = JSON.parse(told.stdout) as Audit;
  assert.equal(clean, false);
  assert.deepEqual(
    schedules.map(({ schedule, missing, doubled, unexpected }) => [schedule, missing, doubled, unexpected]),
    [
      ['lost', 1, 0, 0],
      ['twice', 0, 1, 0],
    ],
  );
  const people = await second.command(['audit', 'fires']);
  assert.equal(people.code, 1);
  assert.match(people.stderr, /^not clean, [^]*\n {2}missing lost at \S+Z\n {2}doubled twice at \S+Z\n$/);
});
