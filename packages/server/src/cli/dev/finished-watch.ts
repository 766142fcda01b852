// Prints finished runs as they finish. It looks when the master says that runs have changed, at most four times a second.

import { finishedPosition, finishedSince } from '../../store/finished-feed.ts';
import type { OpenStore } from '../../compose.ts';
import type { Terminal } from '../terminal.ts';
import { FinishedLines } from './finished-lines.ts';

const lookEveryMs = 250;
const runsOfOneLook = 2000;

export async function watchFinished(
  store: OpenStore,
  terminal: Terminal,
  until: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const lines = new FinishedLines(terminal.outColour);
  let position = await finishedPosition(store.db);
  let changed = true;
  const unsubscribe = store.signals.subscribe('changed', ({ topics }) => {
    if (topics.includes('runs')) changed = true;
  });
  const look = async (): Promise<void> => {
    changed = false;
    const finished = await finishedSince(store.db, position, runsOfOneLook);
    position = finished.position;
    changed ||= finished.more;
    lines.take(finished.runs, terminal.nowMs()).forEach(say);
  };
  try {
    while (!until.aborted) {
      if (changed) await look();
      else lines.flush(terminal.nowMs()).forEach(say);
      await terminal.sleep(lookEveryMs, until);
    }
    // What finished last was announced too late to be seen above.
    await look();
  } finally {
    unsubscribe();
  }
}
