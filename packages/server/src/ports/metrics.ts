// Measurements as services give them. Every metric is named once, in this list, with unit in its name.

export interface MetricLabels {
  readonly [name: string]: string;
}

export const metricCatalogue = {
  tidewheel_fires_total: { kind: 'counter', help: 'Nominal fires decided, by outcome.', labels: ['outcome'] },
  tidewheel_fire_delay_seconds: {
    kind: 'histogram',
    help: 'From nominal fire time to the decision that committed it.',
    labels: [],
  },
  tidewheel_runs_finished_total: { kind: 'counter', help: 'Runs that reached a final state.', labels: ['state'] },
  tidewheel_runs_submitted_total: { kind: 'counter', help: 'Runs made through the API.', labels: [] },
  tidewheel_runs_claimed_total: {
    kind: 'counter',
    help: 'Attempts handed to workers, directly or by claim.',
    labels: ['path'],
  },
  tidewheel_start_delay_seconds: { kind: 'histogram', help: 'From due time to the claim.', labels: [] },
  tidewheel_start_lateness_seconds: {
    kind: 'histogram',
    help: "Runs of schedules from their nominal time (with the jitter) to the worker's word that the first attempt has started, by queue.",
    labels: ['queue'],
  },
  tidewheel_run_duration_seconds: {
    kind: 'histogram',
    help: 'Running time of attempts, as the worker measured it.',
    labels: ['outcome'],
  },
  tidewheel_results_stale_total: {
    kind: 'counter',
    help: 'Results refused because the attempt was no longer current.',
    labels: [],
  },
  tidewheel_sessions_lost_total: { kind: 'counter', help: 'Sessions that expired.', labels: [] },
  tidewheel_probe_seconds: {
    kind: 'histogram',
    help: 'Probes from nominal fire to accepted result, by the namespace whose workers were tried. Set by the leader.',
    labels: ['namespace'],
  },
  tidewheel_backups_total: { kind: 'counter', help: 'Backups that were verified, or failed.', labels: ['outcome'] },
  tidewheel_self_check_findings: {
    kind: 'gauge',
    help: 'What the last self-check found that must not be, by check, 100 at most. Set by the leader.',
    labels: ['check'],
  },
  tidewheel_self_check_repairs_total: {
    kind: 'counter',
    help: 'Findings of the self-check that were repaired.',
    labels: ['check'],
  },
  tidewheel_pause_seconds: {
    kind: 'histogram',
    help: 'Times for which this master stood still, or its clock was put forward, by more than a second.',
    labels: [],
  },
  tidewheel_workers_buried_total: {
    kind: 'counter',
    help: 'Worker processes that their supervisor reported as ended without a word: hung, silent, crashed.',
    labels: ['reason'],
  },
  tidewheel_sessions: { kind: 'gauge', help: 'Workers connected to this master.', labels: [] },
  tidewheel_worker_round_trip_seconds: {
    kind: 'histogram',
    help: 'Round trips between this master and its workers, as the workers measured them by their heartbeats.',
    labels: [],
  },
  tidewheel_http_request_seconds: {
    kind: 'histogram',
    help: 'HTTP requests until their answer was sent, by route and status; event streams count when they end.',
    labels: ['route', 'status'],
  },
  tidewheel_store_seconds: {
    kind: 'histogram',
    help: 'Store transactions, by what they were for.',
    labels: ['operation'],
  },
  tidewheel_store_unknown_outcomes_total: {
    kind: 'counter',
    help: 'Commits whose acknowledgement was lost.',
    labels: [],
  },
  tidewheel_store_promotions_total: {
    kind: 'counter',
    help: 'Changes of the timeline that this master saw: a standby of the store became its primary.',
    labels: [],
  },
  tidewheel_runs_adopted_total: {
    kind: 'counter',
    help: 'Attempts that workers held and whose claim a promoted standby did not have; they went on.',
    labels: [],
  },
  tidewheel_leader: { kind: 'gauge', help: '1 on the master that leads, else 0.', labels: [] },
  tidewheel_leader_terms_total: { kind: 'counter', help: 'Terms of leadership that this master began.', labels: [] },
  tidewheel_leader_ends_total: {
    kind: 'counter',
    help: 'Terms of this master that ended, by why; lease-lost, fenced, store-silent and store-promoted were not wanted.',
    labels: ['reason'],
  },
  tidewheel_zone_data_moved_total: {
    kind: 'counter',
    help: 'Next fires that moved because new time zone data was installed. Counted by the leader.',
    labels: [],
  },
  tidewheel_retention_removed_total: {
    kind: 'counter',
    help: 'What retention has removed: runs, logChunks, fires, others (rows), partitions. Counted by the leader.',
    labels: ['what'],
  },
  tidewheel_store_used_bytes: { kind: 'gauge', help: 'Size of the store, as this master measured it.', labels: [] },
  tidewheel_store_free_bytes: {
    kind: 'gauge',
    help: 'What can still be written before the budget or the disk is full; absent when nobody can know.',
    labels: [],
  },
  tidewheel_store_full: {
    kind: 'gauge',
    help: '1 while this master refuses new runs because the reserve is reached, else 0.',
    labels: [],
  },
  tidewheel_audit_findings: {
    kind: 'gauge',
    help: 'What the last audit of fires found in the last hour: missing, doubled, unexpected. Set by the leader.',
    labels: ['finding'],
  },
  tidewheel_pool_wanted_workers: {
    kind: 'gauge',
    help: 'Workers that a pool is to have. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_live_workers: {
    kind: 'gauge',
    help: 'Workers of a pool that take work. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_draining_workers: {
    kind: 'gauge',
    help: 'Workers of a pool that only end what they run. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_slots: {
    kind: 'gauge',
    help: 'Slots of the live workers of a pool. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_busy_slots: {
    kind: 'gauge',
    help: 'Slots of the live workers of a pool in which something runs. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_waiting_runs: {
    kind: 'gauge',
    help: 'Runs that wait for a worker of a pool. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_waiting_work_seconds: {
    kind: 'gauge',
    help: 'What waits for a pool, as seconds of one slot, by the usual length of its runs. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_pool_oldest_wait_seconds: {
    kind: 'gauge',
    help: 'How long the oldest run has waited for a worker of a pool. The same at every master.',
    labels: ['namespace', 'pool'],
  },
  tidewheel_queue_waiting_runs: {
    kind: 'gauge',
    help: 'Runs that wait in a queue, of the 1000 busiest. The same at every master.',
    labels: ['namespace', 'queue'],
  },
  tidewheel_queue_waiting_work_seconds: {
    kind: 'gauge',
    help: 'What waits in a queue, as seconds of one slot, by the usual length of its runs. The same at every master.',
    labels: ['namespace', 'queue'],
  },
  tidewheel_queue_oldest_wait_seconds: {
    kind: 'gauge',
    help: 'How long the oldest run of a queue has waited. The same at every master.',
    labels: ['namespace', 'queue'],
  },
  tidewheel_queue_running_runs: {
    kind: 'gauge',
    help: 'Runs of a queue that workers have. The same at every master.',
    labels: ['namespace', 'queue'],
  },
} as const satisfies Record<
  string,
  { kind: 'counter' | 'gauge' | 'histogram'; help: string; labels: readonly string[] }
>;

export type MetricName = keyof typeof metricCatalogue;

export interface Metrics {
  /** Counters. */
  add(name: MetricName, value: number, labels?: MetricLabels): void;
  /** Gauges. */
  set(name: MetricName, value: number, labels?: MetricLabels): void;
  /** Histograms. */
  observe(name: MetricName, value: number, labels?: MetricLabels): void;
}

/** All series of a gauge at one moment: what is not among them is gone. */
export interface GaugeReading {
  readonly name: MetricName;
  readonly series: readonly { readonly labels: MetricLabels; readonly value: number }[];
}

export const noMetrics: Metrics = { add: () => undefined, set: () => undefined, observe: () => undefined };
