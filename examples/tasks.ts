// Tasks written in TypeScript. `tidewheel dev --tasks examples/tasks.ts` or `tidewheel worker --tasks …` loads every
// task and schedule that this file exports; `npm start` does.

import { schedule, task } from '@tidewheel/sdk';
import { z } from 'zod';

export const countWords = task({
  id: 'count-words',
  input: z.object({ text: z.string() }),
  output: z.object({ words: z.number() }),
  retry: { attempts: 3 },
  run: ({ input, log }) => {
    const words = input.text.split(/\s+/).filter((word) => word !== '').length;
    log.info(`${words} words`);
    return { words };
  },
});

export const everyQuarterMinute = schedule(countWords, {
  id: 'count-words-now-and-then',
  cron: '*/15 * * * * *',
  timezone: 'Europe/Berlin',
  input: { text: 'time and tide wait for no man' },
});
