// The key of worker processes that pools may start beside the leading master. They run what their namespace runs, on the master's machine, so
// whoever runs the masters says whether that may be.

import { define } from './config-key.ts';
import { whole } from './config-values.ts';

export const processKeys = {
  scalerProcesses: define({
    key: 'scaler.processes',
    flag: '--scaler-processes',
    placeholder: 'n',
    env: 'TIDEWHEEL_SCALER_PROCESSES',
    fallback: '0',
    help: 'worker processes that pools of the driver process may have beside the leading master, all together; none by default',
    read: whole(0, 1000),
  }),
};
