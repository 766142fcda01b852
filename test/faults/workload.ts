// What a faulty cluster is given to do: 200 schedules of 1 to 10 seconds on short, long, failing and shell jobs. Periods of cron
// schedules divide the minute, so that anyone can tell their nominal times without a cron library.

import { type ApplyRequest, applyRequestSchema } from '@tidewheel/protocol';
import { evenMinutes, type PlannedSchedule } from './workload-times.ts';

const cronSeconds = [1, 2, 3, 4, 5, 6, 10] as const;
const everySeconds = [7, 8, 9] as const;
const schedulesAtAll = 200;

/** One in ten is of a job that takes longer than its period's tenth; the shell is slow to start, so it is rare. */
export function plannedSchedules(count = schedulesAtAll): PlannedSchedule[] {
  return Array.from({ length: count }, (_, index) => {
    const isCron = index % 10 < 7;
    const seconds = (isCron ? cronSeconds[index % 10] : everySeconds[(index % 10) - 7]) ?? 10;
    return {
      name: `${isCron ? 'cron' : 'every'}-${seconds}s-${index}`,
      job: jobOf(index, seconds),
      periodMs: seconds * 1000,
      kind: isCron ? 'cron' : 'every',
    };
  });
}

/**
 * No scheduled job has the name of a task: a worker that starts declares its tasks as jobs anew, without schedules, and so takes
 * from such a job those that it has.
 */
function jobOf(index: number, seconds: number): string {
  if (seconds === 10 && index % 20 === 6) return 'shell';
  if (seconds === 9 && index % 20 === 9) return 'lasting';
  if (seconds === 8 && index % 40 === 8) return 'shaky';
  if (seconds === 7 && index % 40 === 7) return 'single';
  // A job may have a hundred schedules at most.
  return index % 20 < 10 ? 'swift' : 'brief';
}

/** The one under which the workers register their tasks: a job has one source. */
export const source = 'code/default';

export const retries = { attempts: 3, initial: 200, jitter: 'none' } as const;

/** Of these a run may be started once at most. */
export const onceJobs: ReadonlySet<string> = new Set(['once', 'single']);

/** Without the defaults of this version: a master of the previous one may be the first to read them. */
export function definitions(truthDirectory: string, schedules: readonly PlannedSchedule[]): ApplyRequest {
  const tasks: ApplyRequest['jobs'] = [
    { name: 'short', task: 'short' },
    { name: 'swift', task: 'short' },
    { name: 'brief', task: 'short' },
    { name: 'long', task: 'long', timeout: { kill: '1s' } },
    { name: 'lasting', task: 'long', timeout: { kill: '1s' } },
    { name: 'turn', task: 'long', timeout: { kill: '1s' } },
    { name: 'enduring', task: 'enduring', timeout: { kill: '1s' } },
    { name: 'endless', task: 'endless', timeout: { kill: '1s', run: '5m' } },
    { name: 'flaky', task: 'flaky', retry: retries },
    { name: 'shaky', task: 'flaky', retry: retries },
    { name: 'once', task: 'once', delivery: 'at-most-once' },
    { name: 'single', task: 'once', delivery: 'at-most-once' },
    { name: 'blocking', task: 'blocking' },
    { name: 'talkative', task: 'talkative' },
    { name: 'shell', shell: { script: shellScript(truthDirectory, 0) } },
    { name: 'shell-long', timeout: { kill: '1s' }, shell: { script: shellScript(truthDirectory, 40) } },
    { name: 'shell-enduring', timeout: { kill: '1s' }, shell: { script: shellScript(truthDirectory, 200) } },
    {
      name: 'tenacious',
      timeout: { kill: '10s' },
      shell: { script: shellScript(truthDirectory, 250, "trap '' TERM") },
    },
    { name: 'stubborn', timeout: { kill: '1s' }, shell: { script: stubbornScript(truthDirectory) } },
  ];
  const request: ApplyRequest = {
    jobs: tasks.map((job) => ({
      ...job,
      schedules: schedules.filter((schedule) => schedule.job === job.name).map(scheduleOf),
    })),
    ...(schedules.some((schedule) => schedule.oddMinutesOnly) ? { calendars: [evenMinutes] } : {}),
    prune: true,
    source,
  };
  applyRequestSchema.parse(request);
  return request;
}

function scheduleOf({ name, kind, periodMs, overlap, oddMinutesOnly, jitterMs, graceMs }: PlannedSchedule) {
  const cron = `*/${periodMs / 1000} * * * * *`;
  return {
    name,
    ...(kind === 'cron' ? { cron } : kind === 'every' ? { every: periodMs } : { delay: periodMs }),
    misfire: { policy: 'all' as const, max: 1000, ...(graceMs === undefined ? {} : { grace: graceMs }) },
    ...(overlap === undefined ? {} : { overlap }),
    ...(jitterMs === undefined ? {} : { jitter: jitterMs }),
    ...(oddMinutesOnly === true ? { calendar: { exclude: evenMinutes.name } } : {}),
  };
}

/** The shell's own lines of the truth; `beats` of 100 ms. */
function shellScript(directory: string, beats: number, before = ''): string {
  return `${noteFunction(directory)}
${before}
note start
i=0
while [ "$i" -lt ${beats} ]; do sleep 0.1; note beat; i=$((i + 1)); done
note end`;
}

/** Ignores every polite word, and leaves a child behind in a session of its own that does the same and goes on writing. */
function stubbornScript(directory: string): string {
  return `${noteFunction(directory)}
trap '' TERM INT HUP
note start
( trap '' TERM INT HUP; setsid sh -c 'trap "" TERM INT HUP; while :; do echo "$$" >> ${directory}/../stubborn; sleep 0.1; done' >/dev/null 2>&1 </dev/null & ) &
while :; do sleep 0.1; note beat; done`;
}

function noteFunction(directory: string): string {
  return `note() {
  printf '{"kind":"%s","run":"%s","attempt":%s,"attemptId":"%s","job":"%s","fireAt":null,"pid":%s,"at":%s,"how":"done"}\\n' \\
    "$1" "$TIDEWHEEL_RUN_ID" "$TIDEWHEEL_ATTEMPT" "$TIDEWHEEL_ATTEMPT_ID" "$TIDEWHEEL_JOB" "$$" "$(date +%s%3N)" \\
    >> ${directory}/shell-$$.jsonl
}`;
}
