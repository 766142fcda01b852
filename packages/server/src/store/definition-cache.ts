// Definitions in memory: job versions never change, so they are kept by id; schedules by id and version.
// A store that lost its newest commits may give a version again, to something else: then all of it is forgotten.
// Bounded: when full, the cache is dropped whole, which costs one read per definition in use.

import type { JobSpec, ScheduleDefinition } from '@tidewheel/protocol';
import { serverLimits } from '../core/limits.ts';
import { compileTimes, type ScheduleTimes } from '../core/schedule-times.ts';
import type { Tx } from '../ports/database.ts';
import { CalendarCache } from './calendar-cache.ts';
import { jobKey, type JobTarget } from './job-lookup.ts';

export interface JobVersion {
  id: string;
  jobId: string;
  job: string;
  version: number;
  laneId: string;
  kind: string;
  spec: JobSpec;
}

export interface CompiledSchedule {
  definition: ScheduleDefinition;
  times: ScheduleTimes;
}

/** A version of a schedule, as its row has it. */
export interface ScheduleVersionRow {
  id: string;
  namespace: string;
  version: number;
  spec: string;
  anchor_at: number;
  calendars: string;
}

interface JobVersionRow {
  id: string;
  job_id: string;
  job: string;
  version: number;
  lane_id: string;
  kind: string;
  spec: string;
}

export class DefinitionCache {
  #versions = new Map<string, JobVersion>();
  #schedules = new Map<string, CompiledSchedule>();
  #names = new Map<string, string>();
  #targets = new Map<string, JobTarget>();
  #calendars = new CalendarCache();

  get calendars(): CalendarCache {
    return this.#calendars;
  }

  /** What is being read just now goes into what is forgotten. */
  forget(): void {
    this.#versions = new Map();
    this.#schedules = new Map();
    this.#names = new Map();
    this.#targets = new Map();
    this.#calendars = new CalendarCache();
  }

  /** The job versions of `ids`; those not in memory are read in one statement. */
  async jobVersions(tx: Tx, ids: Iterable<string>): Promise<ReadonlyMap<string, JobVersion>> {
    const versions = this.#versions;
    const missing = [...new Set(ids)].filter((id) => !versions.has(id));
    if (missing.length > 0) {
      this.#makeRoom(versions, missing.length);
      const rows = await tx.query<JobVersionRow>(
        `select v.id, v.job_id, j.name as job, v.version, v.lane_id, v.kind, v.spec
         from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join job_version v on v.id = x.id join job j on j.id = v.job_id`,
        [JSON.stringify(missing.map((id) => ({ id })))],
      );
      for (const row of rows) {
        versions.set(row.id, {
          id: row.id,
          jobId: row.job_id,
          job: row.job,
          version: row.version,
          laneId: row.lane_id,
          kind: row.kind,
          spec: JSON.parse(row.spec) as JobSpec,
        });
      }
    }
    return versions;
  }

  /** A job as it was seen last: it may have changed since, so whoever relies on it has the store compare. */
  jobSeen(namespace: string, name: string): { target: JobTarget; version: JobVersion } | null {
    const target = this.#targets.get(jobKey(namespace, name));
    const version = target === undefined ? undefined : this.#versions.get(target.versionId);
    return target === undefined || version === undefined ? null : { target, version };
  }

  see(jobs: ReadonlyMap<string, JobTarget>): void {
    this.#makeRoom(this.#targets, jobs.size);
    for (const [key, job] of jobs) this.#targets.set(key, job);
  }

  /** The names of schedules, which never change. */
  async scheduleNames(tx: Tx, ids: Iterable<string>): Promise<ReadonlyMap<string, string>> {
    const names = this.#names;
    const missing = [...new Set(ids)].filter((id) => !names.has(id));
    if (missing.length > 0) {
      this.#makeRoom(names, missing.length);
      const rows = await tx.query<{ id: string; name: string }>(
        `select s.id, s.name from ${tx.dialect.rows('$1', 'x', { id: 'uuid' })} join schedule s on s.id = x.id`,
        [JSON.stringify(missing.map((id) => ({ id })))],
      );
      for (const row of rows) names.set(row.id, row.name);
    }
    return names;
  }

  /** Each row with its spec compiled, in order; calendars that are not in memory are read in one statement. */
  async compiled<R extends ScheduleVersionRow>(
    tx: Tx,
    rows: readonly R[],
  ): Promise<{ row: R; compiled: CompiledSchedule }[]> {
    const [schedules, names] = [this.#schedules, this.#names];
    const calendarsOf = await this.#calendars.bound(tx, rows);
    return rows.map((row) => {
      const key = `${row.id}/${row.version}`;
      const known = schedules.get(key);
      if (known !== undefined) return { row, compiled: known };
      this.#makeRoom(schedules, 1);
      const definition = JSON.parse(row.spec) as ScheduleDefinition;
      const compiled = { definition, times: compileTimes(definition, row.anchor_at, calendarsOf(row)) };
      schedules.set(key, compiled);
      // Its runs will be asked for it at once.
      this.#makeRoom(names, 1);
      names.set(row.id, definition.name);
      return { row, compiled };
    });
  }

  #makeRoom(map: Map<string, unknown>, count: number): void {
    if (map.size + count > serverLimits.definitionsCached) map.clear();
  }
}
