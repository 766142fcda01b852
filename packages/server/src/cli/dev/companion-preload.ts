// Loaded before a companion of `tidewheel dev` (a small server that the example jobs call, say),
// so that a program which knows nothing of Tidewheel still ends together with it.

import { isMainThread } from 'node:worker_threads';
import { lifelineFd, watchLifeline } from './lifeline.ts';

// Threads inherit `--import`, the watching thread too: without this each would start another, for ever.
if (isMainThread) watchLifeline(lifelineFd, () => process.exit(0));
