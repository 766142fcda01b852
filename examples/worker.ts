// A worker in ten lines. TIDEWHEEL_URL, TIDEWHEEL_TOKEN and TIDEWHEEL_NAMESPACE say which masters it belongs to.
import { task, worker } from '@tidewheel/sdk';

const greet = task({
  id: 'greet',
  run: ({ ctx, log }) => {
    log.info(`ahoy from attempt ${ctx.attempt}`);
    return { greeted: true };
  },
});

await worker({ tasks: [greet], slots: 5 }).start();
