// Bounds that both sides of a connection must know. Bounds of the server alone are in its core/limits.ts.

export const limits = {
  /** Characters of a namespace, job, schedule, queue or worker name. */
  nameChars: 128,
  labelCount: 32,
  labelChars: 128,
  /** Bytes of one run's payload and of one run's output, as JSON text. */
  payloadBytes: 256 * 1024,
  outputBytes: 256 * 1024,
  /** JSON text of one job definition without its schedules: it travels to the worker with each attempt. */
  definitionChars: 512 * 1024,
  /** Bytes of a failure's message with stack. */
  errorBytes: 16 * 1024,
  /** Runs in one batch trigger; jobs and schedules in one apply. */
  batchRuns: 1000,
  applyJobs: 1000,
  schedulesPerJob: 100,
  /** Bytes of one HTTP request body and of one worker frame. */
  bodyBytes: 8 * 1024 * 1024,
  frameBytes: 4 * 1024 * 1024,
  messagesPerFrame: 4096,
  /** Slots of one worker, and runs on their way to it. */
  workerSlots: 1000,
  workerHandlers: 2000,
  workerQueues: 64,
  /** Bytes of one log chunk and of all logs of one attempt; what is over is cut with a mark. */
  logChunkBytes: 64 * 1024,
  logAttemptBytes: 1024 * 1024,
  pageItems: 200,
  pageItemsDefault: 50,
  idempotencyKeyChars: 255,
  reasonChars: 500,
  /** Of the last words on a worker that was killed: the stack where it hung. */
  workerGoneChars: 8192,
  attemptsMax: 100,
  /** The shortest silence that may end an attempt. */
  heartbeatTimeoutMs: 1000,
  /** Life of a user's lock without a renewal, and how long one request waits for it (proxies cut longer ones). */
  lockTtlMinMs: 1000,
  lockTtlDefaultMs: 30_000,
  lockTtlMs: 86_400_000,
  lockWaitMs: 20_000,
  cronChars: 500,
  rruleChars: 4000,
  triggersPerSchedule: 20,
  calendarsPerSchedule: 20,
  /** Nominal times that `count` may ask for, and how far a run may be put off at random. */
  scheduleCount: 10_000,
  jitterMs: 86_400_000,
  /** Dates, ranges, hours and nested calendars of one calendar, each; and how deep calendars nest. */
  calendarEntries: 5000,
  calendarDepth: 8,
  calendarsPerNamespace: 500,
  /** Days of a calendar that one request shows. */
  calendarDays: 400,
  /** Characters of an iCalendar file that is imported. */
  calendarFileChars: 4 * 1024 * 1024,
  /** Range and buckets of one calendar of coming fires. */
  comingFiresRangeMs: 35 * 86_400_000,
  comingBuckets: 1500,
  /** Nominal times of one backfill, and runs of it that may be unfinished at once. */
  backfillRuns: 1_000_000,
  backfillActive: 10_000,
  /** One hundred years: anything longer is a mistake. */
  durationMs: 100 * 365 * 86_400_000,
  /** The shortest and the longest time that history is kept by a rule; the longest is for ever. */
  keepLeastMs: 86_400_000,
  keepForeverMs: 100 * 365 * 86_400_000,
  /** Legal holds of one namespace, and jobs with rules of their own that one answer shows. */
  holdsPerNamespace: 1000,
  retentionJobsShown: 1000,
  /** Pools of one namespace; workers, queues and slots of one pool. */
  poolsPerNamespace: 200,
  poolWorkers: 20_000,
  poolQueues: 100,
  poolSlots: 1024,
  /** Finished runs looked at for one page of a replay. */
  replayRuns: 5000,
  /** Manual orders of one pool that hold or will. */
  poolOrders: 100,
} as const;
