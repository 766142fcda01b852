// A worker with one task whose first attempt goes on until it is told to stop, and says so.

import { task, worker } from '@tidewheel/sdk';

const slow = task({
  id: 'slow',
  retry: { attempts: 1, initial: 1 },
  run: ({ ctx, signal }) => {
    console.log(`attempt ${ctx.attempt} begins`);
    if (ctx.attempt > 1) return ctx.attempt;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        console.log(`attempt ${ctx.attempt} is told to stop`);
        reject(signal.reason as Error);
      });
    });
  },
});

await worker({ tasks: [slow], slots: 2 }).start();
