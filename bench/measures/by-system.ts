// A measure that compares systems: the same round for each of them, on a database of its own. A handler that started more or fewer times
// than there were jobs fails the round: no system may be fast by losing or doubling.

import type { Contender, MeasureContext } from '../harness/measure.ts';
import type { OpenSystem } from '../systems/system.ts';

export type SystemRound = (system: OpenSystem, context: MeasureContext) => Promise<Readonly<Record<string, number>>>;

export function bySystem(round: SystemRound): (context: MeasureContext) => Contender[] {
  return (context) =>
    context.systems.map(({ name, open }) => ({
      name,
      round: async () => {
        context.services.desk.reset();
        const system = await open(context.services);
        try {
          return await round(system, context);
        } finally {
          await system.close();
        }
      },
    }));
}

export function expectStarts({ services }: MeasureContext, jobs: number): void {
  const { count } = services.desk;
  if (count !== jobs) throw new Error(`${jobs} jobs, and their handlers started ${count} times`);
}
