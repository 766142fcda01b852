// Named places at the boundaries of effects: before and after a commit, a send, an acknowledgement. A running master passes them and
// nothing happens; a test composes it with an implementation that ends or freezes the process there. That is all they are for: no
// service learns anything from them, and `reach` neither waits nor fails.

export const failpoints = [
  'membership.joined',
  // A nominal time becomes a ledger row and a run.
  'fire.before',
  'fire.locked',
  'fire.before-commit',
  'fire.committed',
  'fire.announced',
  'catch-up.before-commit',
  'catch-up.committed',
  // A backfill makes its runs.
  'backfill.before',
  'backfill.locked',
  'backfill.before-commit',
  'backfill.committed',
  // A trigger of the API.
  'submit.before',
  'submit.before-commit',
  'submit.committed',
  'submit.before-answer',
  // A run is given to a worker.
  'claim.before',
  'claim.committed',
  'deliver.before-send',
  'deliver.sent',
  // What a worker reports is settled and acknowledged.
  'report.before',
  'report.logs-stored',
  'report.before-commit',
  'report.committed',
  'report.acknowledged',
  // A worker's session begins, or goes on at this master.
  'greet.before',
  'greet.committed',
  'greet.welcomed',
  'renew.before',
  'renew.committed',
  'renew.acknowledged',
  // What time brings.
  'promote.before',
  'promote.committed',
  'rescue.before',
  'rescue.before-commit',
  'rescue.committed',
  // Orders of people.
  'cancel.before',
  'cancel.before-commit',
  'cancel.committed',
  'cancel.told',
  'change.before',
  'change.before-commit',
  'change.committed',
  'backfill-change.before-commit',
] as const;

export type Failpoint = (typeof failpoints)[number];

export interface Failpoints {
  reach(name: Failpoint): void;
}

export const noFailpoints: Failpoints = { reach: () => undefined };
