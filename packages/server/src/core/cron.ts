// The door to the cron engine.

export { cronMark, cronNext, type CronMark } from './cron/next.ts';
export { type Cron, type CronOptions, parseCron } from './cron/parse.ts';
