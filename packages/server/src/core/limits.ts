// Every bound of a master in one place. Bounds that workers and clients must know too are in the protocol's limits.

export const serverLimits = {
  /** Due schedules locked by one fire transaction, and nominal times decided of one schedule in it. */
  fireSchedules: 500,
  firesPerSchedule: 500,
  /** Ledger rows and runs that one fire transaction may write. */
  firesPerTransaction: 5000,
  /** Ledger rows of one transaction that catches up: small, because fires that are due wait for it. */
  catchUpFires: 1000,
  /** Runs of one schedule that wait for its previous one, under the rule buffer-all. */
  bufferedRuns: 1000,
  /** Looks at the runs of schedules that end and begin while they are locked. */
  turnLooks: 4,
  /** Newest times of a fixed delay among which the run is looked for that ended last. */
  delayFires: 100,
  /** Runs of one claim statement, results of one completion transaction, runs of one submit transaction. */
  claimRuns: 500,
  completionResults: 500,
  submitRuns: 2000,
  /** Requests waiting for a submit transaction; over it callers get TOO_MANY_REQUESTS. */
  submitWaiting: 20_000,
  /** Log chunks of one transaction and waiting for one, in chunks and bytes; over it the worker is not acknowledged and waits. */
  logChunks: 1000,
  logWaitingBytes: 64 * 1024 * 1024,
  /** Runs moved by one promotion, expiry or rescue transaction. */
  promoteRuns: 1000,
  rescueSessions: 100,
  rescueRuns: 5000,
  /** Times a run may lose its worker before it fails: a run that kills its workers must not go round for ever. */
  lostAttemptsMax: 10,
  /** Connections and open streams of KEDA at one master, and bytes of one of its requests. */
  kedaConnections: 200,
  kedaStreams: 1000,
  kedaRequestBytes: 64 * 1024,
  /** Worker connections of one master. */
  sessionsPerMaster: 5000,
  /** Bytes waiting in the socket of a worker; over it the worker gets no work until it has read. */
  connectionBufferBytes: 16 * 1024 * 1024,
  /** Retries of a transaction after a deadlock or serialization failure. */
  transactionRetries: 10,
  /** Finished attempts kept on a run; older ones give way. */
  attemptsKept: 100,
  /** Immutable job versions and lanes kept in memory. */
  definitionsCached: 20_000,
  /** Sets of calendar versions kept compiled. */
  calendarBindingsCached: 1000,
  /** Statements kept prepared on one connection, and callers waiting for SQLite's one writer or for a connection. */
  preparedStatements: 500,
  storeQueue: 10_000,
  /** Names (lanes, sessions, runs, namespaces) of one topic that wait to be signalled; those over it are found by polling. */
  signalNames: 5000,
  /** Bytes of the server's own log that wait for a slow reader. */
  logLinesWaitingBytes: 4 * 1024 * 1024,
  /** Differences told of one changed definition, and faults told of one file or request. */
  differences: 200,
  faults: 20,
  /** Fire decisions of one change of a schedule that is behind; over it the caller is asked to come back. */
  settleRounds: 20,
  /** Schedules of one apply, all jobs together: each takes some 30 µs to be checked, and a master has one thread. */
  applySchedules: 5000,
  /** Schedules that may depend on one calendar: a change of it gives each a new version, in one transaction. */
  calendarSchedules: 5000,
  /** Schedules that one statement writes: what is done at once holds up the master. */
  scheduleWrites: 200,
  /** Live backfills of one namespace, and of all that one look takes up; nominal times that one step of one decides, counts as ended or
   *  cancels; times counted between two breaths of the master; times that a dry run shows. */
  backfillsLive: 100,
  backfillsLooked: 1000,
  backfillStep: 500,
  backfillCounted: 2000,
  backfillShown: 20,
  /** Schedules of one calendar of coming fires, nominal times of it that are computed one by one, of one schedule, of
   *  each when the others are used up, and between two breaths of the master. */
  comingSchedules: 20_000,
  comingTimes: 400_000,
  comingTimesOfOne: 10_000,
  comingTimesAtLeast: 20,
  comingTimesAtOnce: 5000,
  /** Nominal times and ledger rows compared at once by an audit, runs looked at by one of its statements, schedules of one audit. */
  auditFires: 1000,
  auditRuns: 5000,
  auditSchedules: 20_000,
  auditVersions: 200,
  /** Schedules and versions that the standing audit looks at in one statement, and schedules with findings that it keeps. */
  watchedSchedules: 200,
  watchedVersions: 5000,
  findingsKept: 5000,
  /** Schedules that the zone watch looks at in one statement, and zones whose changes are kept: there are some six hundred. */
  zonedSchedules: 200,
  zonesKept: 2000,
  /** Steps of one search for the next time of a recurrence rule (about 10 ms), and times that it may have in a day. */
  rruleSteps: 100_000,
  rruleTimesPerDay: 5000,
  /** Rules, added and left out times of one recurrence. */
  rruleRules: 10,
  rruleDates: 500,
  /** Coming times that are looked at to see whether a calendar takes out any. */
  lintTimes: 1000,
  /** Times that a preview looks at for those that calendars take out, and rows of such that it shows. */
  previewLooked: 5000,
  previewLeftOut: 100,
  /** Events of one iCalendar file, and times of all recurring ones within the horizon of the import. */
  icalEvents: 10_000,
  icalOccurrences: 20_000,
  /** Changes of mind of a calendar that one search for a remaining time passes, time that it passes (50 years), and looks at calendars
   *  in all of it. */
  calendarSteps: 10_000,
  calendarSearchMs: 50 * 366 * 86_400_000,
  calendarLooks: 1_000_000,
  /** Times that one search for a moved time looks at (about 10 ms): more than two years of the most that a day may have. */
  movedTimes: 20_000,
  /** Times of a day that may be moved to another day. */
  movedTimesPerDay: 24,
  /** Calendars that one calendar is made of, each counted as often as it is reached. */
  calendarParts: 100,
  /** Findings of one schedule that are told with their time. */
  auditSamples: 10,
  /** Locks of one namespace, forgotten when they have been free for a while; requests that wait for locks at one master. */
  locksPerNamespace: 20_000,
  lockWaiters: 1000,
  /** Terms kept in the election history; masters and replicas shown of a cluster. */
  electionsKept: 200,
  mastersListed: 200,
  replicasListed: 50,
  /** Rows of other tables, and log chunks, that one step of retention removes; schedules whose fires it looks at; namespaces and jobs with
   *  shorter rules that have walks of their own; runs that may have to stay of a day and still are copied so that the day can be dropped,
   *  and runs of an archive that is still cut into days at once (50,000: 40 ms). */
  retentionRows: 500,
  retentionLogs: 500,
  retentionSchedules: 200,
  retentionWalks: 10_000,
  retentionStayMost: 100_000,
  archiveCutRows: 50_000,
  /** Measurements of the store's size that a forecast is made of. */
  storeSamples: 2000,
  /** Namespaces whose workers are tried by probes. */
  probedNamespaces: 1000,
  /** Findings of one self-check that are counted, and repaired at once. */
  selfCheckFindings: 100,
  /** Rows that one scan of a run list looks at when no index covers the filter (about 10 ms), and scans of one page. */
  pageScanRows: 10_000,
  pageScans: 20,
  /** How far the time in a run's id may lie after and before the moment of its making: unequal clocks, late fires. */
  idAheadMs: 3_600_000,
  idBehindMs: 7 * 86_400_000,
  /** Ledger rows looked at to find a schedule's last fire that made a run. */
  lastFireRows: 1000,
  /** Pools of all namespaces that the leader works with, workers of a namespace that a page of its pools counts; decisions kept of each
   *  pool; ready runs counted in one lane, newest finished runs of a namespace that rates are made of, and delayed runs that are foreseen. */
  poolsLed: 5000,
  poolWorkersShown: 20_000,
  scalingDecisionsKept: 1000,
  poolReadyCounted: 20_000,
  poolFinishedSeen: 2000,
  poolDelayedSeen: 5000,
  /** Nominal times of one schedule that a forecast computes one by one. */
  poolTimesOfOne: 2000,
  /** Lanes and workers that one decision tells among its inputs. */
  decisionLanesTold: 20,
  decisionWorkersTold: 50,
  /** Rows of each list in an overview, and ready runs that it counts in one lane. */
  overviewRows: 10,
  /** Names of namespaces answered to one caller. */
  namespacesListed: 1000,
  /** Tokens and console sessions kept in memory; addresses whose failed sign-ins are counted, and failures allowed in a minute. */
  credentialsCached: 10_000,
  attemptAddresses: 10_000,
  signInFailuresPerMinute: 10,
  bearerFailuresPerMinute: 100,
  /** Bytes of a body that somebody without credentials may send. */
  openBodyBytes: 16 * 1024,
  /** Open event streams of one master, and bytes that may wait for the reader of one: a slower reader is cut off. */
  eventStreams: 1000,
  eventStreamBytes: 1024 * 1024,
  /** Log chunks read at once for a log stream. */
  logStreamChunks: 200,
  /** Files of the console kept in memory, and their bytes. */
  consoleFiles: 1000,
  consoleBytes: 32 * 1024 * 1024,
  /** Rows of one page of a copy, the bytes that a page is aimed at, and keys that are compared at once. */
  tablePageRows: 500,
  tablePageBytes: 4 * 1024 * 1024,
  tableKeyPageRows: 10_000,
  /** Bytes of one piece of a backup, pieces under way to or from the target at once, and bytes of one manifest. */
  backupChunkBytes: 1024 * 1024,
  backupChunksAtOnce: 8,
  backupManifestBytes: 256 * 1024 * 1024,
  /** Connections of one client over HTTP: each pool of Kubernetes keeps one open to hear of its pods. */
  httpConnections: 1000,
  /** Of the platform of a pool: pods asked for at once (a page takes some 10 ms to be read), machines of one pool, bytes of one answer, of one
   *  line of a watch and of what a program says on its standard error, pods marked by one order as those
   *  who go, and as working or idle, tries after a conflict, a refusal of the
   *  moment, a watch's place that is no longer known. */
  scalerPage: 100,
  scalerMachines: 50_000,
  scalerAnswerBytes: 16 * 1024 * 1024,
  scalerLineBytes: 2 * 1024 * 1024,
  scalerErrorBytes: 64 * 1024,
  scalerLeavers: 500,
  scalerMarks: 100,
  scalerTries: 5,
  /** Programs of scalers that run at once. */
  scalerPrograms: 8,
  /** Of the gap after a restore: schedules, times of one and reports of workers that are shown. */
  gapSchedules: 1000,
  gapTimes: 1000,
  gapReports: 1000,
} as const;
