// The messages that nothing says before the later pages have come.

import { backupsMessages } from './messages/backups.ts';
import { calendarsMessages } from './messages/calendars.ts';
import { clusterMessages } from './messages/cluster.ts';
import { comingMessages } from './messages/coming.ts';
import { jobsMessages } from './messages/jobs.ts';
import { locksMessages } from './messages/locks.ts';
import { logMessages } from './messages/log.ts';
import { poolsMessages } from './messages/pools.ts';
import { schedulesMessages } from './messages/schedules.ts';
import { storeMessages } from './messages/store.ts';
import { timesMessages } from './messages/times.ts';
import { workersMessages } from './messages/workers.ts';

export const laterMessages = {
  ...backupsMessages,
  ...calendarsMessages,
  ...clusterMessages,
  ...comingMessages,
  ...jobsMessages,
  ...locksMessages,
  ...logMessages,
  ...poolsMessages,
  ...schedulesMessages,
  ...storeMessages,
  ...timesMessages,
  ...workersMessages,
};
export type LaterMessages = typeof laterMessages;
