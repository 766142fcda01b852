// Tidewheel on a copy of a filled database: the same rounds beside little and beside much, in turns. Filling happens once, before the first
// round of each.

import type { Contender, MeasureContext } from '../harness/measure.ts';
import { thisVersion, type Version } from '../systems/cluster.ts';
import { type FilledPlace, fillPlace, type Filling, measuredQueue } from '../systems/filled-place.ts';
import type { Engine } from '../systems/services.ts';
import { type OpenTidewheel, openTidewheel } from '../systems/tidewheel.ts';

export function filled(
  name: string,
  engine: Engine,
  { services }: MeasureContext,
  filling: Filling,
  play: (system: OpenTidewheel) => Promise<Readonly<Record<string, number>>>,
  version: Version = thisVersion,
): Contender {
  let template: FilledPlace | null = null;
  return {
    name,
    round: async () => {
      template ??= await fillPlace(services, engine, filling);
      const { token } = template;
      const place = await services.place(engine, template.place);
      const on = { place, token };
      const job = { job: measuredQueue, queue: measuredQueue };
      const system = await openTidewheel(engine, services, { on, version, ...job });
      try {
        return await play(system);
      } finally {
        await system.close();
      }
    },
    finish: async () => {
      await template?.place.remove();
    },
  };
}
