// Loaded before a companion of `tidewheel dev` (a small server that the example jobs call, say),
// so that a program which knows nothing of Tidewheel still ends together with it.

import { lifelineFd, watchLifeline } from './lifeline.ts';

watchLifeline(lifelineFd, () => process.exit(0));
