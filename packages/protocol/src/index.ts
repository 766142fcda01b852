// Everything that masters, workers, clients and the console share.

export * from './api.ts';
export * from './backfill.ts';
export * from './backup.ts';
export * from './bytes.ts';
export * from './calendar.ts';
export * from './cluster.ts';
export * from './coming-fires.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './job.ts';
export * from './limits.ts';
export * from './lock.ts';
export * from './names.ts';
export * from './pool.ts';
export * from './pool-view.ts';
export * from './scaling-figures.ts';
export * from './preview.ts';
export * from './probe.ts';
export * from './refusal.ts';
export * from './retention.ts';
export * from './run.ts';
export * from './scaler-contract.ts';
export * from './schedule.ts';
export * from './self-check.ts';
export * from './states.ts';
export * from './wire.ts';
