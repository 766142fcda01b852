// S6 for leaders. In commit order no write of a term stands after that term was over: whoever still believes in it is refused. When
// another server takes the store over, every term is.

import type { Checker } from './checker.ts';

export const fencedLeaders: Checker = {
  id: 'S6l',
  promise: 'a leader whose term is over writes nothing',
  check({ history, truth }) {
    const found: string[] = [];
    let current: { term: number; masterId: string | null } = { term: 0, masterId: null };
    const takenOver = truth.losses.map(({ lostSeq }) => lostSeq);
    for (const { id, term, write, when, seq } of history) {
      while (takenOver[0] !== undefined && takenOver[0] < seq) {
        takenOver.shift();
        current = { ...current, masterId: null };
      }
      if (term !== null) current = term.after;
      if (write === null || (write.term === current.term && current.masterId !== null)) continue;
      const now = current.masterId === null ? `term ${current.term} had been ended` : `term ${current.term} had begun`;
      found.push(`${id} wrote by term ${write.term} at ${when}, when ${now}`);
    }
    return found;
  },
};
