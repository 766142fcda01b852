// A duty for simulations: the leader writes its term into a table again and again, through the same fence as every duty. What it
// wrote stands in the history of the store in commit order, so a write of a term that was over can be seen there.

import type { Duty } from '../master/duty.ts';
import type { Random } from './random.ts';

export function leaderJournal(writer: string, random: Random): Duty {
  return {
    name: 'journal',
    begin: (leader) => async () => {
      await leader.transaction((tx) =>
        tx.query('insert into sim_leader_write (term, writer) values ($1, $2)', [leader.term, writer]),
      );
      return random.between(200, 3000);
    },
  };
}
