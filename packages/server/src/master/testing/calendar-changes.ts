// What calendars promise as definitions, on any engine: applied with jobs or put alone, bound to schedules by version, and never
// taken away from their users. Test code only.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type CalendarInput, calendarDefinitionSchema, type ScheduleInput } from '@tidewheel/protocol';
import { serverLimits } from '../../core/limits.ts';
import { calendarView } from '../../store/calendar-views.ts';
import { schedulesInsert } from '../../store/schedules.ts';
import { seedId } from '../../store/testing/seed.ts';
import { Calendars } from '../calendars.ts';
import { DefinitionsBench, type DefinitionsSetup, fireDue, hello } from './definitions-bench.ts';

const everyMinute = (calendar: ScheduleInput['calendar'], more: Partial<ScheduleInput> = {}) => [
  { name: 'a', ...hello, schedules: [{ name: 's', every: '1m', calendar, ...more }] },
];
const everyDay = { dates: allDates() };

/** Every day of the year, so that a schedule that leaves it out never fires. */
function allDates(): string[] {
  const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const two = (value: number) => String(value).padStart(2, '0');
  return days.flatMap((count, month) => Array.from({ length: count }, (_, day) => `${two(month + 1)}-${two(day + 1)}`));
}

export function testCalendars(engine: string, open: () => Promise<DefinitionsSetup>): void {
  describe(`calendars on ${engine}`, () => {
    let setup: DefinitionsSetup;
    let bench: DefinitionsBench;
    let calendars: Calendars;
    let tests = 0;

    before(async () => {
      setup = await open();
    });
    after(() => setup.close());
    beforeEach(() => {
      tests += 1;
      bench = new DefinitionsBench(setup, `calendars-${tests}`);
      calendars = new Calendars(bench.deps, bench.definitions);
    });

    const put = (input: CalendarInput, ifMatch: number | '*' | null = '*') =>
      calendars.put(
        bench.namespace,
        'ann',
        calendarDefinitionSchema.parse(input),
        ifMatch === null ? { ifNoneMatch: true } : { ifMatch },
      );
    const bound = async (name = 's') => {
      const rows = await bench.db.query<{ version: number; calendars: string; state: string }>(
        `select v.version, v.calendars, v.state from schedule_version v join schedule s on s.id = v.schedule_id
         where s.namespace = $1 and s.name = $2 order by v.version`,
        [bench.namespace, name],
      );
      return rows.map((row) => `${row.version} ${row.state} ${row.calendars}`);
    };
    const view = (name: string) => calendarView(bench.db, bench.namespace, name);

    test('a calendar is applied together with the schedule that uses it, and the schedule is bound to its version', async () => {
      const weekends = { name: 'weekends', weekdays: ['SAT' as const, 'SUN' as const] };
      const free = { name: 'free', dates: ['12-25'], calendars: ['weekends'] };
      const apply = () => bench.actions(bench.apply(everyMinute({ exclude: 'free' }), { calendars: [free, weekends] }));
      assert.deepEqual(await apply(), [
        'calendar free create',
        'calendar weekends create',
        'job a create',
        'schedule s create',
      ]);
      assert.deepEqual(await bound(), ['1 enabled {"free":1,"weekends":1}']);
      assert.deepEqual(await apply(), [
        'calendar free unchanged',
        'calendar weekends unchanged',
        'job a unchanged',
        'schedule s unchanged',
      ]);
      const shown = await view('weekends');
      assert.deepEqual(shown?.usedBy, [
        { kind: 'calendar', name: 'free' },
        { kind: 'schedule', name: 's' },
      ]);
    });

    test('a change of a nested calendar gives the schedule a new version, from which its next fire is computed', async () => {
      const nested = { name: 'nested', dates: ['2000-01-01'] };
      await bench.apply(everyMinute({ exclude: 'outer' }), {
        calendars: [{ name: 'outer', calendars: ['nested'] }, nested],
      });
      assert.ok((await bench.schedule('s')).nextFireAt);
      const { calendar, created } = await put({ ...nested, ...everyDay }, 1);
      assert.deepEqual([calendar.version, created], [2, false]);
      assert.deepEqual(await bound(), ['1 enabled {"nested":1,"outer":1}', '2 finished {"nested":2,"outer":1}']);
      assert.equal((await bench.schedule('s')).nextFireAt, null);
      await put(nested, 2);
      assert.deepEqual((await bound()).at(-1), '3 enabled {"nested":3,"outer":1}');
      assert.ok((await bench.schedule('s')).nextFireAt);
    });

    test('what is due is decided under the old calendar, and the audit knows which was in force when', async () => {
      const calendar = { name: 'c', dates: ['2000-01-01'] };
      await bench.apply(everyMinute({ exclude: 'c' }, { misfire: { policy: 'all', window: '1d' } }), {
        calendars: [calendar],
      });
      await bench.rewind('s', 3 * 60_000 + 1000);
      await put({ ...calendar, ...everyDay });
      assert.equal(await bench.count('fire'), 3);
      assert.equal((await bench.assertClean()).schedules[0]?.fired, 3);
      // Under the new calendar there was nothing to fire.
      await bench.rewind('s', 3 * 60_000);
      assert.equal(await fireDue(bench.deps), 0);
    });

    test('a calendar that is put as it is changes nothing, announces nothing and keeps its version', async () => {
      await put({ name: 'c', weekdays: ['SUN'] }, null);
      await bench.apply(everyMinute({ exclude: 'c' }));
      bench.signals = [];
      assert.equal((await put({ name: 'c', weekdays: ['SUN'] })).calendar.version, 1);
      assert.deepEqual([await bound(), bench.signals], [['1 enabled {"c":1}'], []]);
    });

    test('a paused schedule stays paused under a changed calendar, with its reason', async () => {
      await put({ name: 'c', weekdays: ['SUN'] }, null);
      await bench.apply(everyMinute({ exclude: 'c' }));
      await bench.definitions.schedulePause(bench.namespace, 'bob', 's', 'why not');
      await put({ name: 'c', weekdays: ['SAT'] });
      const { state, pausedReason, pausedBy, version } = await bench.schedule('s');
      assert.deepEqual([state, pausedReason, pausedBy, version], ['paused', 'why not', 'bob', 3]);
      await bench.definitions.scheduleResume(bench.namespace, 'bob', 's');
      assert.deepEqual((await bound()).at(-1), '4 enabled {"c":2}');
    });

    test('preconditions of a put and a delete are those of jobs', async () => {
      await put({ name: 'c', weekdays: ['SUN'] }, null);
      await bench.refused('STALE_VERSION', [], put({ name: 'c', weekdays: ['SAT'] }, null));
      await bench.refused('STALE_VERSION', [], put({ name: 'c', weekdays: ['SAT'] }, 7));
      const { namespace } = bench;
      await bench.refused('VERSION_REQUIRED', [], calendars.delete(namespace, 'ann', 'c', {}));
      await bench.refused('NOT_FOUND', [], calendars.delete(namespace, 'ann', 'd', { ifMatch: '*' }));
      await calendars.delete(namespace, 'ann', 'c', { ifMatch: 1 });
      assert.equal(await view('c'), null);
      // The version goes on, so that it never means two things.
      assert.equal((await put({ name: 'c', weekdays: ['MON'] }, null)).calendar.version, 2);
    });

    test('a calendar in use cannot be deleted, and who uses it is named', async () => {
      await put({ name: 'inner', weekdays: ['SUN'] }, null);
      await put({ name: 'outer', calendars: ['inner'] }, null);
      await bench.apply(everyMinute({ exclude: 'outer' }));
      const remove = (name: string) => calendars.delete(bench.namespace, 'ann', name, { ifMatch: '*' });
      await bench.refused('CALENDAR_IN_USE', ['/calendars/outer'], remove('inner'));
      await bench.refused('CALENDAR_IN_USE', ['/schedules/s'], remove('outer'));
      await bench.apply([{ name: 'a', ...hello }]);
      await remove('outer');
      await remove('inner');
    });

    test('an unknown calendar is refused at the schedule and at the calendar that names it', async () => {
      await bench.refused(
        'UNKNOWN_CALENDAR',
        ['/jobs/0/schedules/0/calendar/exclude/0'],
        bench.apply(everyMinute({ exclude: ['nowhere'] })),
      );
      await bench.refused('UNKNOWN_CALENDAR', ['/calendars/0'], put({ name: 'c', calendars: ['nowhere'] }, null));
      const apply = bench.apply([], {
        calendars: [
          { name: 'c', weekdays: ['SUN'] },
          { name: 'd', calendars: ['x'] },
        ],
      });
      await bench.refused('UNKNOWN_CALENDAR', ['/calendars/1/calendars/0'], apply);
      assert.equal(await view('c'), null);
    });

    test('a calendar cannot come to contain itself, not even by way of others', async () => {
      await put({ name: 'a', weekdays: ['SUN'] }, null);
      await put({ name: 'b', calendars: ['a'] }, null);
      await bench.refused('VALIDATION_FAILED', ['/calendars'], put({ name: 'a', calendars: ['b'] }));
    });

    test('a date that does not exist is refused at its place', async () => {
      const error = await bench.refused(
        'VALIDATION_FAILED',
        ['/calendars/0/dates/1'],
        bench.apply([], { calendars: [{ name: 'c', dates: ['2026-02-28', '2026-02-30'] }] }),
      );
      assert.match(error.message, /2026-02-30/);
    });

    test('pruning takes calendars of the same source, unless the request knows of none', async () => {
      const one = { name: 'one', weekdays: ['SUN' as const] };
      const two = { name: 'two', weekdays: ['SAT' as const] };
      await bench.apply([], { calendars: [one, two] });
      await put({ name: 'by-hand', weekdays: ['MON'] }, null);
      assert.deepEqual(await bench.actions(bench.apply([], { prune: true })), []);
      assert.deepEqual(await bench.actions(bench.apply([], { calendars: [two], prune: true })), [
        'calendar two unchanged',
        'calendar one delete',
      ]);
      await bench.apply(everyMinute({ exclude: 'two' }), { calendars: [two] });
      await bench.apply(everyMinute({ exclude: 'two' }), { source: 'other', takeOver: true });
      await bench.refused('CALENDAR_IN_USE', ['/schedules/s'], bench.apply([], { calendars: [], prune: true }));
      await bench.apply(everyMinute({ exclude: 'two' }), { takeOver: true });
      // Together with the schedule that used it, it may go.
      assert.deepEqual(await bench.actions(bench.apply([], { calendars: [], prune: true })), [
        'calendar two delete',
        'job a delete',
        'schedule s delete',
      ]);
      assert.ok(await view('by-hand'));
    });

    test('a calendar belongs to the source that declares it, until it is taken over', async () => {
      const one = { name: 'one', weekdays: ['SUN' as const] };
      await bench.apply([], { calendars: [one], source: 'team-a' });
      await bench.refused(
        'OTHER_SOURCE',
        ['/calendars/0/name'],
        bench.apply([], { calendars: [one], source: 'team-b' }),
      );
      const { changes } = await bench.apply([], { calendars: [one], source: 'team-b', takeOver: true });
      assert.deepEqual(changes[0]?.differences, [{ pointer: '/source', before: 'team-a', after: 'team-b' }]);
      assert.equal((await view('one'))?.version, 1);
    });

    test("a worker's token changes no calendar on which schedules of other kinds than tasks depend", async () => {
      const task = [{ name: 'a', task: 'mail', schedules: [{ name: 's', every: '1m', calendar: { exclude: 'c' } }] }];
      const c = (day: 'SAT' | 'SUN') => ({ calendars: [{ name: 'c', weekdays: [day] }] });
      await bench.apply(task, c('SAT'), 'worker');
      await bench.apply(task, c('SUN'), 'worker');
      await bench.apply([{ name: 'b', ...hello, schedules: [{ name: 't', every: '1m', calendar: { exclude: 'c' } }] }]);
      await bench.refused('FORBIDDEN', ['/calendars'], bench.apply(task, c('SAT'), 'worker'));
    });

    test('each change of a calendar is told in the audit log, with what differs', async () => {
      await put({ name: 'c', weekdays: ['SUN'] }, null);
      await put({ name: 'c', weekdays: ['SAT'] });
      await calendars.delete(bench.namespace, 'bob', 'c', { ifMatch: '*' });
      const events = await bench.db.query<{ action: string; actor: string; detail: string }>(
        'select action, actor, detail from event where namespace = $1 order by id',
        [bench.namespace],
      );
      assert.deepEqual(
        events.map((event) => `${event.action} ${event.actor} ${event.detail}`),
        [
          'calendar.create ann {"changed":[]}',
          'calendar.update ann {"changed":["/weekdays/0"]}',
          'calendar.delete bob {"changed":[]}',
        ],
      );
    });

    test('a change that concerns more schedules than one transaction can carry is refused', async () => {
      await put({ name: 'c', weekdays: ['SUN'] }, null);
      await bench.apply(everyMinute({ exclude: 'c' }));
      const [like] = await bench.db.query<{ job_id: string; spec: string }>(
        'select job_id, spec from schedule where namespace = $1',
        [bench.namespace],
      );
      assert.ok(like);
      const writes = Array.from({ length: serverLimits.calendarSchedules }, (_, index) => ({
        id: seedId(),
        jobId: like.job_id,
        name: `more-${index}`,
        version: 1,
        spec: JSON.parse(like.spec) as never,
        state: 'enabled' as const,
        cursor: 0,
        nextFireAt: Number.MAX_SAFE_INTEGER,
        anchorAt: 0,
        calendars: '{"c":1}',
        pausedReason: null,
        pausedBy: null,
      }));
      await bench.db.transaction((tx) => schedulesInsert(tx, bench.namespace, 'ann', writes));
      await bench.refused('CONFLICT', [], put({ name: 'c', weekdays: ['SAT'] }));
      assert.equal((await view('c'))?.version, 1);
    });

    test('no more schedules may depend on a calendar than it could be changed with', async () => {
      const limit = serverLimits.calendarSchedules;
      const jobs = (count: number) =>
        Array.from({ length: Math.ceil(count / 100) }, (_, job) => ({
          name: `j${job}`,
          ...hello,
          schedules: Array.from({ length: Math.min(100, count - job * 100) }, (_, index) => ({
            name: `s${job}-${index}`,
            every: '1h',
            calendar: { exclude: 'outer' },
          })),
        }));
      const nested = [
        { name: 'outer', calendars: ['inner'] },
        { name: 'inner', weekdays: ['SUN' as const] },
      ];
      await bench.apply(jobs(limit), { calendars: nested });
      // One comes, one goes.
      const [first, ...rest] = jobs(limit);
      assert.ok(first);
      const [, ...schedules] = first.schedules;
      const renamed = { name: 'other', every: '1h', calendar: { exclude: 'outer' } };
      await bench.apply([{ ...first, schedules: [...schedules, renamed] }, ...rest]);
      const one = [
        { name: 'one', ...hello, schedules: [{ name: 'one', every: '1h', calendar: { exclude: 'inner' } }] },
      ];
      await bench.refused('VALIDATION_FAILED', ['/jobs'], bench.apply(one));
      assert.equal((await put({ name: 'inner', weekdays: ['SAT'] })).calendar.version, 2);
    });

    test('what of a day lies in a calendar is told with all that it contains', async () => {
      await put({ name: 'inner', dates: ['10-01'] }, null);
      await put({ name: 'outer', calendars: ['inner'], hours: ['08:00-09:00'] }, null);
      const day = (date: string) => calendars.day(bench.namespace, 'outer', date, 'Asia/Shanghai');
      assert.equal((await day('2026-10-01')).inside, 'whole');
      assert.deepEqual((await day('2026-10-02')).hours, [{ from: '08:00', to: '09:00' }]);
      await bench.refused('NOT_FOUND', [], calendars.day(bench.namespace, 'none', '2026-10-01', 'UTC'));
    });
  });
}
