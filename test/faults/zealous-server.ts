// A master that does not let go of its term: from the moment in which it leads it writes as a leader every few milliseconds, by the same
// check in the same transaction as every duty, and it goes on trying for a while after it was told that its term is over. What it
// wrote stands in the table `faults_leader_write`, how often it was refused in its output. `SIGUSR2` freezes
// it in its next write, before the commit.

import { writeSync } from 'node:fs';
import { asLeader, Deposed, type Term } from '../../packages/server/src/store/terms.ts';
import { composedServer } from './composed-server.ts';
import { pause } from './processes.ts';

const everyMs = 5;
/** Longer than a leader takes to find out by itself. */
const stubbornMs = 5000;

const system = await composedServer();
const { db } = system.store;
let freeze = false;

async function writeOn(term: Term): Promise<void> {
  let refused = 0;
  let endedAt = Number.POSITIVE_INFINITY;
  while (performance.now() < endedAt + stubbornMs) {
    if (system.master.elector.term !== term) endedAt = Math.min(endedAt, performance.now());
    try {
      await db.transaction(async (tx) => {
        await asLeader(tx, term);
        await tx.query('insert into faults_leader_write (term) values ($1)', [term.term]);
        if (freeze) freezeHere();
      });
    } catch (error) {
      if (error instanceof Deposed) refused += 1;
    }
    await pause(everyMs);
  }
  writeSync(2, `refused ${refused} writes of term ${term.term}\n`);
}

function freezeHere(): void {
  freeze = false;
  writeSync(2, 'frozen inside\n');
  process.kill(process.pid, 'SIGSTOP');
}

process.on('SIGUSR2', () => {
  freeze = true;
});
system.master.elector.onTerm((term) => {
  if (term !== null) void writeOn(term);
});
