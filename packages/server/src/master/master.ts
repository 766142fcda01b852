// One master over one cell: its services, in the order in which they start; they stop in the reverse order.
// All masters are equal; what only one of them does at a time are the leader's duties.

import type { ClusterStatus, StoreStatus } from '@tidewheel/protocol';
import { decideScaling } from '../core/scaling/decide.ts';
import { noFailpoints } from '../ports/failpoints.ts';
import { DefinitionCache } from '../store/definition-cache.ts';
import { archiveDays } from './archive-days.ts';
import { Backfilling } from './backfilling.ts';
import { Backfills } from './backfills.ts';
import { backupDuty, Backups } from './backups.ts';
import { Calendars } from './calendars.ts';
import { Changes } from './changes.ts';
import { clusterStatus } from './cluster-status.ts';
import { Definitions } from './definitions.ts';
import type { MasterContext, MasterDeps } from './deps.ts';
import type { Duty } from './duty.ts';
import { Dispatcher } from './dispatcher.ts';
import { Elector } from './elector.ts';
import { fireWatch } from './fire-watch.ts';
import { FireFindings } from './fire-findings.ts';
import { Firing } from './firing.ts';
import { SessionGateway } from './gateway.ts';
import { housekeeping } from './housekeeping.ts';
import { RunIntake } from './intake.ts';
import { Keeping } from './keeping.ts';
import { LeaderDuties } from './leader-duties.ts';
import { Membership } from './membership.ts';
import { Orders } from './orders.ts';
import { OwnRates } from './own-rates.ts';
import { PauseWatch } from './pause-watch.ts';
import { Pools } from './pools.ts';
import { probing } from './probing.ts';
import { RestoreGap, restoreGapDuty } from './restore-gap.ts';
import { retention } from './retention.ts';
import { RunControl } from './run-control.ts';
import { scalingDuties } from './scaling.ts';
import { ScalingAnswers } from './scaling-figures.ts';
import { selfCheckDuty } from './self-check.ts';
import type { Service } from './service.ts';
import { SpaceWatch } from './space-watch.ts';
import { Station } from './station.ts';
import { StoreChange } from './store-change.ts';
import { storeSizes, storeStatus } from './store-status.ts';
import { Sweeping } from './sweeping.ts';
import { UserLocks } from './user-locks.ts';
import { zoneWatch } from './zone-watch.ts';

export class Master implements Service {
  readonly id: string;
  readonly intake: RunIntake;
  readonly definitions: Definitions;
  readonly calendars: Calendars;
  readonly pools: Pools;
  readonly backfills: Backfills;
  readonly control: RunControl;
  readonly gateway: SessionGateway;
  readonly locks: UserLocks;
  readonly orders: Orders;
  readonly findings: FireFindings;
  readonly restoreGap: RestoreGap;
  readonly backups: Backups;
  readonly elector: Elector;
  readonly clusterStatus: () => Promise<ClusterStatus>;
  readonly keeping: Keeping;
  readonly space: SpaceWatch;
  readonly storeStatus: () => Promise<StoreStatus>;
  readonly scaling: ScalingAnswers;
  readonly #services: Service[];
  #stopping: Promise<void> | null = null;

  constructor(deps: MasterDeps) {
    this.id = deps.identity.next();
    const rates = new OwnRates(deps.metrics, deps.clock);
    const context: MasterContext = {
      failpoints: noFailpoints,
      ...deps,
      metrics: rates.metrics,
      masterId: this.id,
      definitions: new DefinitionCache(),
      posture: { resting: false },
    };
    const changes = new Changes(deps.clock, deps.signals);
    const dispatcher = new Dispatcher(context, changes);
    const pauses = new PauseWatch(context, dispatcher);
    const timelines = { adopted: deps.db.history?.lineage?.timeline ?? 0, graced: 0 };
    const membership = new Membership(context, () => {
      const { standing, storeMs, coordinatorMs } = this.elector.view;
      const { zoneDataVersion, storeConnections } = deps.settings;
      const told = { adoptedTimeline: timelines.adopted, gracedTimeline: timelines.graced };
      return { zoneDataVersion, storeConnections, ...told, standing, storeMs, coordinatorMs, ...rates.take() };
    });
    this.space = new SpaceWatch(context);
    this.clusterStatus = () => clusterStatus(context, this.elector.view.trouble, this.space.now);
    this.storeStatus = () => storeStatus(context.db, this.space);
    this.intake = new RunIntake(context, dispatcher, changes, this.space);
    this.definitions = new Definitions(context, this.intake);
    this.calendars = new Calendars(context, this.definitions);
    this.pools = new Pools(context, this.definitions);
    this.backfills = new Backfills(context, this.space);
    this.keeping = new Keeping(context);
    this.control = new RunControl(context, this.intake, changes);
    this.gateway = new SessionGateway(context, dispatcher, changes, () => membership.masters);
    this.orders = new Orders(context);
    this.findings = new FireFindings(context);
    this.restoreGap = new RestoreGap(context);
    this.backups = new Backups(context);
    this.locks = new UserLocks(context, changes);
    this.scaling = new ScalingAnswers(context);
    this.elector = new Elector(context);
    const station = new Station(context, {
      count: () => this.gateway.count,
      links: () => dispatcher.links(),
      move: (link, prefer) => this.gateway.move(link, prefer),
      stepDown: (to) => this.elector.stepDown(to),
    });
    this.gateway.redirect = (hello) => station.redirect(hello);
    const storeChange = new StoreChange(context, dispatcher, (what, timeline) => {
      timelines[what] = timeline;
      return membership.tell();
    });
    this.#services = [
      membership,
      this.space,
      dispatcher,
      storeChange,
      this.gateway,
      this.intake,
      this.locks,
      pauses,
      new Sweeping(context, changes, pauses, storeChange),
      new Firing(context, dispatcher, changes),
      new Backfilling(context, changes, this.space),
      station,
      this.backups,
      // The last to start and the first to stop: the others need not wait for what else is being settled here.
      new LeaderDuties(context, this.elector, this.#duties(context)),
      this.elector,
    ];
  }

  /** What only the leader does. */
  #duties(context: MasterContext): Duty[] {
    return [
      housekeeping(context.settings),
      archiveDays(context),
      retention(context),
      storeSizes(context, this.space),
      fireWatch(context),
      zoneWatch(context, this.definitions),
      selfCheckDuty(context),
      restoreGapDuty(context),
      backupDuty(context, this.backups),
      probing(context, this.definitions),
      ...scalingDuties(context, decideScaling),
      ...(context.duties ?? []),
    ];
  }

  async start(): Promise<void> {
    for (const service of this.#services) await service.start();
  }

  /** No new fires, submissions or claims; then the workers are sent on, and what they reported is settled. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const service of this.#services.toReversed()) await service.stop();
  }
}
