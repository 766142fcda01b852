import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobDefinitionSchema, Refusal } from '@tidewheel/protocol';
import { type Crontab, parseCrontab } from './crontab.ts';

const user = (text: string): Crontab => parseCrontab(text, { system: false, source: 'crontab' });
const auto = (text: string, source = 'crontab'): Crontab => parseCrontab(text, { system: 'auto', source });
const names = (crontab: Crontab) => crontab.jobs.map((job) => job.name);

function faultsOf(text: string, system = false) {
  try {
    parseCrontab(text, { system, source: 'crontab' });
  } catch (error) {
    assert.ok(error instanceof Refusal);
    assert.equal(error.code, 'INVALID_FILE');
    return error.faults.map(({ line, column, detail }) => ({ line, column, detail }));
  }
  throw new assert.AssertionError({ message: 'the file was accepted' });
}

/** Runs a job's script as a worker would: as a file handed to its interpreter. */
function execute(crontab: Crontab): string {
  const shell = crontab.jobs[0]?.shell;
  const directory = mkdtempSync(join(tmpdir(), 'crontab-'));
  try {
    const file = join(directory, 'script');
    writeFileSync(file, shell?.script ?? '');
    const [program = '', ...args] = shell?.interpreter ?? [];
    const done = spawnSync(program, [...args, file], {
      env: { ...process.env, ...shell?.env },
      input: '',
      encoding: 'utf8',
    });
    return `${done.stdout}${done.stderr}`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('an entry becomes a job with one schedule of its name', () => {
  const { jobs, notes } = user('*/5 * * * MON-FRI  /usr/local/bin/backup.sh --full  \n');
  assert.deepEqual(notes, []);
  assert.deepEqual(jobs, [
    {
      name: 'backup.sh-full',
      description: 'from crontab',
      shell: { script: '/usr/local/bin/backup.sh --full\n', interpreter: ['/bin/sh'] },
      schedules: [{ name: 'backup.sh-full', cron: '*/5 * * * MON-FRI', timezone: 'UTC' }],
    },
  ]);
});

test('comments, blank lines and carriage returns are passed over', () => {
  assert.deepEqual(names(user('# backup\r\n\r\n   # indented\r\n@daily true\r\n\t 0 4 * * * date\r\n')), [
    'true',
    'date',
  ]);
});

test('nicknames, month and weekday names and Sunday as 7 are read', () => {
  const { jobs } = user('@hourly a\n@Weekly b\n0 0 1 jan,jul * c\n0 0 * * 5-7 d\n');
  assert.deepEqual(
    jobs.map((job) => job.schedules?.[0]?.cron),
    ['@hourly', '@Weekly', '0 0 1 jan,jul *', '0 0 * * 5-7'],
  );
});

test('variables hold for the lines below them, and quotes around values go', () => {
  const { jobs } = user(
    '@daily a\nPATH=/opt/bin:/bin\nGREETING = "hello  world"\n"SHELL"=\'/bin/bash\'\n@daily b\nPATH=/bin\n@daily c\n',
  );
  assert.deepEqual(
    jobs.map((job) => [job.shell?.env, job.shell?.interpreter]),
    [
      [undefined, ['/bin/sh']],
      [{ PATH: '/opt/bin:/bin', GREETING: 'hello  world', SHELL: '/bin/bash' }, ['/bin/bash']],
      [{ PATH: '/bin', GREETING: 'hello  world', SHELL: '/bin/bash' }, ['/bin/bash']],
    ],
  );
});

test('HOME is where commands start', () => {
  assert.equal(user('HOME=/srv/app\n@daily a\n').jobs[0]?.shell?.cwd, '/srv/app');
});

test('CRON_TZ sets the zone of the times below, and an empty one takes it back', () => {
  const { jobs } = user('@daily a\nCRON_TZ=Asia/Shanghai\n@daily b\nCRON_TZ=\n@daily c\n');
  assert.deepEqual(
    jobs.map((job) => job.schedules?.[0]?.timezone),
    ['UTC', 'Asia/Shanghai', 'UTC'],
  );
  assert.equal(jobs[1]?.shell?.env, undefined);
});

test('TZ sets the zone too, goes to the command, and yields to CRON_TZ', () => {
  const { jobs, notes } = user('TZ=Europe/Berlin\n@daily a\nCRON_TZ=Asia/Tokyo\n@daily b\n');
  assert.deepEqual(
    jobs.map((job) => [job.schedules?.[0]?.timezone, job.shell?.env]),
    [
      ['Europe/Berlin', { TZ: 'Europe/Berlin' }],
      ['Asia/Tokyo', { TZ: 'Europe/Berlin' }],
    ],
  );
  assert.deepEqual(
    notes.map((note) => note.line),
    [1],
  );
});

test('a TZ that is no IANA name goes to the command only, with a note', () => {
  const { jobs, notes } = user('TZ=EST5EDT\n@daily a\n');
  assert.deepEqual([jobs[0]?.schedules?.[0]?.timezone, jobs[0]?.shell?.env], ['UTC', { TZ: 'EST5EDT' }]);
  assert.match(notes[0]?.text ?? '', /handed to the commands only.*America\/New_York/);
});

test('without a zone in the file the zone of the machine is used when it is given', () => {
  const { jobs } = parseCrontab('@daily a', { system: false, source: 'crontab', timezone: 'Asia/Shanghai' });
  assert.equal(jobs[0]?.schedules?.[0]?.timezone, 'Asia/Shanghai');
});

test('MAILTO, RANDOM_DELAY and @reboot are told and left out', () => {
  const { jobs, notes } = user('MAILTO=ops@example.org\nRANDOM_DELAY=5\n@reboot /usr/bin/warm-up\n@daily a\n');
  assert.deepEqual(names({ jobs, notes }), ['a']);
  assert.equal(jobs[0]?.shell?.env, undefined);
  assert.deepEqual(
    notes.map((note) => [note.line, note.text.split(' ')[0]]),
    [
      [1, 'MAILTO'],
      [2, 'RANDOM_DELAY'],
      [3, 'left'],
    ],
  );
});

test('the user column of the system format is noted once per user and not part of the command', () => {
  const text =
    'SHELL=/bin/sh\n17 * * * * root cd / && run-parts /etc/cron.hourly\n@daily www-data /srv/tidy\n@daily root true\n';
  const { jobs, notes } = parseCrontab(text, { system: true, source: 'crontab' });
  assert.deepEqual(
    jobs.map((job) => [job.name, job.shell?.script]),
    [
      ['run-parts-cron.hourly', 'cd / && run-parts /etc/cron.hourly\n'],
      ['tidy', '/srv/tidy\n'],
      ['true', 'true\n'],
    ],
  );
  assert.deepEqual(
    notes.map((note) => [note.line, /"([\w-]+)"/.exec(note.text)?.[1]]),
    [
      [2, 'root'],
      [3, 'www-data'],
    ],
  );
});

test('the format is found out by the place of the file, its header, or a root in every line', () => {
  const commandOf = (crontab: Crontab) => crontab.jobs[0]?.shell?.script;
  assert.equal(commandOf(auto('@daily backup tar\n', '/etc/cron.d/backup')), 'tar\n');
  assert.equal(commandOf(auto('# m h dom mon dow user  command\n@daily backup tar\n')), 'tar\n');
  assert.equal(commandOf(auto('@daily root tar\n@daily backup ls\n')), 'tar\n');
  assert.equal(commandOf(auto('@daily backup tar\n')), 'backup tar\n');
  assert.equal(commandOf(auto('# m h  dom mon dow   command\n@daily root\n@daily /bin/x y\n')), 'root\n');
});

test('the first unescaped % ends the command and starts its input, later ones are line breaks', () => {
  assert.equal(execute(user('@daily cat%one%two \\% three')), 'one\ntwo % three\n');
  assert.equal(execute(user("@daily sh -c 'cat; echo it is 100\\%'%in put")), 'in put\nit is 100%\n');
  assert.equal(
    execute(user("SHELL=/bin/bash\n@daily [[ -n $BASH_VERSION ]] && cat # why%INPUT%$HOME 'x'")),
    "INPUT\n$HOME 'x'\n",
  );
  assert.equal(execute(user('@daily cat; echo end%')), 'end\n');
});

test('an escaped % is a percent sign, other backslashes stay', () => {
  assert.equal(user('@daily date +\\%F "a\\nb" \\\\').jobs[0]?.shell?.script, 'date +%F "a\\nb" \\\\\n');
});

test('a name is made of the command without directories, redirections and preparations', () => {
  assert.deepEqual(
    names(
      user(
        '@daily cd /srv/www && FOO=1 /usr/bin/php artisan schedule:run >> /dev/null 2>&1\n@daily /usr/bin/curl -fsS https://example.org/ping\n@daily %x\n@daily !!!\n',
      ),
    ),
    ['php-artisan-schedule-run', 'curl-fsS-ping', 'command', 'command-2d53a7'],
  );
});

test('names do not depend on other lines, unless two commands share one', () => {
  const before = names(user('@daily a/run\n@daily b/run\n@daily c\n'));
  const after = names(user('@hourly x\n\n@daily a/run\n# more\n@daily b/run\n@weekly c\n'));
  assert.deepEqual(after.slice(1), before);
  assert.equal(new Set(before).size, 3);
});

test('the same command twice gets a number', () => {
  const twice = names(user('0 1 * * * tidy\n0 2 * * * tidy\n0 3 * * * tidy\n'));
  assert.equal(new Set(twice).size, 3);
  assert.match(twice[2] ?? '', /^tidy-[0-9a-f]{6}-2$/);
});

test('every job that comes out is a valid definition', () => {
  const text =
    'SHELL=/bin/bash\nPATH=/bin\nCRON_TZ=Asia/Shanghai\n0 4 * * * a-very-long-command --with many --many arguments --that go on and on and on and on\n@daily ./-x- _y_%in\n*/7 8-18 * * 1-5 echo "ünïcode" && true\n';
  for (const job of user(text).jobs) assert.doesNotThrow(() => jobDefinitionSchema.parse(job));
});

test('all faults are told, with line and column', () => {
  const faults = faultsOf(
    '@daily ok\n99 * * * * x\n  0 0 31 2 * never\n0 0 * *\nCRON_TZ=CST\n@fortnightly x\n0 0 * * *\n',
  );
  assert.deepEqual(
    faults.map(({ line, column }) => [line, column]),
    [
      [2, 1],
      [3, 3],
      [4, 1],
      [5, 1],
      [6, 1],
      [7, 10],
    ],
  );
  const expected = [/"99" at character 1/, /never fires/, /five fields/, /ambiguous/, /nickname/, /command is missing/];
  faults.forEach((fault, index) => assert.match(fault.detail, expected[index] ?? /$./));
});

test('a system line without a command is told apart from one without a user', () => {
  assert.match(faultsOf('0 0 * * *\n', true)[0]?.detail ?? '', /a user, then a command/);
  assert.match(faultsOf('0 0 * * * root\n', true)[0]?.detail ?? '', /command is missing/);
});
