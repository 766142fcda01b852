// A scaler that speaks the JSON contract over whatever carries a text there and a text back: it asks, and judges what is answered.

import {
  faultsOf,
  type PoolDriver,
  Refusal,
  scalerContractVersion,
  scalerDoneSchema,
  scalerErrorSchema,
  scalerFleetSchema,
  type ScalerRequest,
} from '@tidewheel/protocol';
import type { Fleet, ScaledPool, Scaler, ScalerOrder } from './scaler.ts';

export interface ScalerCarrier {
  /** As the port has it, in a sentence that begins with the driver. */
  refuses(driver: PoolDriver): string | null;
  /** Who is asked, for messages: never with a secret. */
  nameOf(pool: ScaledPool): string;
  /** Ends within the pool's own bound. Refusals: SCALER_FAILED. */
  carry(pool: ScaledPool, text: string): Promise<string>;
  close(): Promise<void>;
}

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false; error: Issues } };
interface Issues {
  readonly issues: Parameters<typeof faultsOf>[0];
}

const faultsTold = 5;

export function contractScaler(carrier: ScalerCarrier): Scaler {
  /** The last question of each pool that is under way. */
  const last = new Map<string, Promise<unknown>>();

  /** One after the other: two programs that start what is missing at the same time would start it twice. */
  async function inTurn<T>(pool: ScaledPool, work: () => Promise<T>): Promise<T> {
    const turn = (last.get(pool.id) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => undefined);
    last.set(pool.id, settled);
    try {
      return await turn;
    } finally {
      if (last.get(pool.id) === settled) last.delete(pool.id);
    }
  }

  async function ask<T>(pool: ScaledPool, request: ScalerRequest, schema: Schema<T>): Promise<T> {
    const refused = carrier.refuses(pool.driver);
    if (refused !== null)
      throw new Refusal('SCALER_NOT_ALLOWED', `the driver ${pool.driver.kind} of the pool ${pool.name} ${refused}`);
    const text = await inTurn(pool, () => carrier.carry(pool, `${JSON.stringify(request)}\n`));
    const refuse = (why: string): Refusal => new Refusal('SCALER_FAILED', `${carrier.nameOf(pool)}: ${why}`);
    const answer = parsed(text);
    if (answer === undefined) throw refuse('the answer is not JSON');
    const error = scalerErrorSchema.safeParse(answer);
    if (error.success) throw refuse(error.data.error);
    const read = schema.safeParse(answer);
    if (read.success) return read.data;
    const faults = faultsOf(read.error.issues.slice(0, faultsTold), '');
    const words = faults.map(({ pointer, detail }) => `${pointer === '' ? 'the answer' : pointer} ${detail}`);
    throw refuse(`the answer to "${request.action}" does not fit the contract: ${words.join('; ')}`);
  }

  return {
    refuses: (driver) => carrier.refuses(driver),
    observe: async (pool): Promise<Fleet> => {
      const about = describedTo(pool);
      const request = { version: scalerContractVersion, action: 'observe', pool: about } as const;
      const { ordered, machines, note } = await ask(pool, request, scalerFleetSchema);
      return { ordered, machines, note };
    },
    apply: async (pool, { count, release, keep }: ScalerOrder) => {
      const order = { count, release: [...release], keep: [...keep] };
      const about = describedTo(pool);
      await ask(pool, { version: scalerContractVersion, action: 'apply', pool: about, order }, scalerDoneSchema);
    },
    close: () => carrier.close(),
  };
}

/** Without the driver, which may say where secrets are. */
function describedTo({ id, namespace, name, queues, labels, slots }: ScaledPool): ScalerRequest['pool'] {
  return { id, namespace, name, queues: [...queues], labels: { ...labels }, slots };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
