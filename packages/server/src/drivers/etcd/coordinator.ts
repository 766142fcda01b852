// The coordinator on etcd: a lease is a key that is created only where none is, attached to an etcd lease that its holder keeps
// alive. Its token is the revision at which it was created: etcd's revisions only grow, also over restarts, within one cluster.
//
// etcd's own leases have been seen to outlive and to die before their time, so nothing here is safe by itself: the token is checked
// by the store. Written for 3.4 and newer.

import type { Clock } from '../../ports/clock.ts';
import {
  type Coordinator,
  type CoordinatorMember,
  CoordinatorRefused,
  CoordinatorUnavailable,
  type HeldLease,
  type LeaseGrant,
} from '../../ports/coordinator.ts';
import type { Identity } from '../../ports/identity.ts';
import { EtcdClient, type EtcdOptions, EtcdOutcomeUnknown, type Endpoint, isGone, unavailable } from './etcd-client.ts';
import { watchKey } from './key-watch.ts';
import type { KeyValue } from './rpc_pb.ts';

export interface EtcdCoordinatorOptions extends EtcdOptions {
  /** Before the names of leases: one for each Tidewheel cluster. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly identity: Pick<Identity, 'fraction'>;
}

export interface EtcdCoordinator extends Coordinator {
  /**
   * Whether etcd lets this master do what it will have to do; changes nothing. Throws CoordinatorRefused when members answer and
   * all that do refuse, CoordinatorUnavailable when none answers.
   */
  verify(): Promise<void>;
}

/** The least that etcd grants with its default election timeout is 2 s; renewed every second. */
const ttlMs = 3000;
const createRevision = 1;
const equal = 0;
const statusMs = 1000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function etcdCoordinator(options: EtcdCoordinatorOptions): EtcdCoordinator {
  const { prefix, clock, identity } = options;
  const client = new EtcdClient(options);
  const leases = new EtcdLeases(client, prefix);
  const watches = new Set<() => void>();
  return {
    kind: 'etcd',
    ttlMs,
    acquire: (name, holder, ttl) => leases.acquire(name, holder, ttl),
    renew: (grant) => leases.renew(BigInt(grant.handle)),
    release: async (grant) => {
      await leases.revoke(BigInt(grant.handle));
    },
    holder: async (name) => heldOf(await leases.read(name)),
    watch: (name, changed) => {
      const end = watchKey({ client, clock, identity }, encoder.encode(prefix + name), changed);
      watches.add(end);
      return () => {
        watches.delete(end);
        end();
      };
    },
    probe: () => probe(client),
    verify: () => verify(client, encoder.encode(`${prefix}verify`)),
    close: () => {
      for (const end of watches) end();
      client.close();
      return Promise.resolve();
    },
  };
}

function heldOf(pair: KeyValue | null): HeldLease | null {
  if (pair === null) return null;
  return { holder: decoder.decode(pair.value), token: Number(pair.createRevision), remainingMs: null };
}

class EtcdLeases {
  readonly #client: EtcdClient;
  readonly #prefix: string;

  constructor(client: EtcdClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  async read(name: string): Promise<KeyValue | null> {
    const key = encoder.encode(this.#prefix + name);
    const { kvs } = await this.#client.repeatable((endpoint, call) => endpoint.kv.range({ key, limit: 1n }, call));
    return kvs[0] ?? null;
  }

  async acquire(name: string, holder: string, wantedMs: number): Promise<LeaseGrant | null> {
    const pair = await this.read(name);
    if (pair !== null && decoder.decode(pair.value) !== holder) return null;
    // An earlier one of this holder: it makes room for a larger token.
    if (pair !== null) await this.revoke(pair.lease);
    // A grant whose answer is lost holds no key and runs out.
    const seconds = BigInt(Math.ceil(wantedMs / 1000));
    const lease = await this.#client.once((endpoint, call) => endpoint.lease.leaseGrant({ TTL: seconds }, call));
    const created = await this.#create(name, holder, lease.ID);
    if (created === null) {
      // It holds nothing and runs out by itself; revoking it only saves etcd the waiting.
      await this.revoke(lease.ID).catch(() => false);
      return null;
    }
    const { token, clusterId } = created;
    return {
      name,
      holder,
      token: Number(token),
      ttlMs: Number(lease.TTL) * 1000,
      origin: `etcd:${clusterId.toString(16)}:${this.#prefix}`,
      handle: String(lease.ID),
    };
  }

  async #create(name: string, holder: string, lease: bigint): Promise<{ token: bigint; clusterId: bigint } | null> {
    const key = encoder.encode(this.#prefix + name);
    const put = { key, value: encoder.encode(holder), lease };
    try {
      const { succeeded, header } = await this.#client.once((endpoint, call) =>
        endpoint.kv.txn(
          {
            compare: [{ result: equal, target: createRevision, key, createRevision: 0n }],
            success: [{ request: { case: 'requestPut', value: put } }],
          },
          call,
        ),
      );
      return succeeded && header !== undefined ? { token: header.revision, clusterId: header.clusterId } : null;
    } catch (error) {
      if (!(error instanceof EtcdOutcomeUnknown)) throw error;
      return this.#readBack(key, lease, error);
    }
  }

  /**
   * Whether a put of unknown outcome was done: then the key bears our lease. Else the lease is ended before anything is concluded,
   * for the put may still be on its way, and without its lease etcd refuses it.
   */
  async #readBack(
    key: Uint8Array,
    lease: bigint,
    unknown: EtcdOutcomeUnknown,
  ): Promise<{ token: bigint; clusterId: bigint }> {
    const { kvs, header } = await this.#client.repeatable((endpoint, call) =>
      endpoint.kv.range({ key, limit: 1n }, call),
    );
    const [pair] = kvs;
    if (pair?.lease === lease && header !== undefined)
      return { token: pair.createRevision, clusterId: header.clusterId };
    await this.revoke(lease);
    throw unknown;
  }

  /** One message on a stream of its own: nothing that waits in a longer stream can pass for an answer to this call. */
  async renew(lease: bigint): Promise<boolean> {
    const left = await this.#client.repeatable(async (endpoint, call) => {
      for await (const answer of endpoint.lease.leaseKeepAlive(one({ ID: lease }), call)) return answer.TTL;
      throw new CoordinatorUnavailable(`etcd at ${endpoint.url} did not answer a keep-alive`);
    });
    return left > 0n;
  }

  /** Ends the lease and removes its keys. False: there was none. */
  async revoke(lease: bigint): Promise<boolean> {
    try {
      await this.#client.repeatable((endpoint, call) => endpoint.lease.leaseRevoke({ ID: lease }, call));
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }
}

async function* one<T>(message: T): AsyncGenerator<T> {
  yield message;
}

const neverRevision = 1n << 62n;

/** etcd checks the rights to all branches of a transaction first: this one would write, if a key were what it never is. */
async function verify(client: EtcdClient, key: Uint8Array): Promise<void> {
  const put = { request: { case: 'requestPut' as const, value: { key, value: new Uint8Array() } } };
  const never = { result: equal, target: createRevision, key, createRevision: neverRevision };
  let failure: CoordinatorUnavailable | null = null;
  for (const endpoint of client.endpoints) {
    try {
      await client.withToken(endpoint, (headers) =>
        endpoint.kv.txn({ compare: [never], success: [put] }, { headers, timeoutMs: statusMs }),
      );
      return;
    } catch (error) {
      const found = unavailable(endpoint, error);
      if (failure === null || found instanceof CoordinatorRefused) failure = found;
    }
  }
  throw failure ?? new CoordinatorUnavailable('etcd has no endpoint');
}

/** What each member says of itself. Throws when none answers. */
async function probe(client: EtcdClient): Promise<CoordinatorMember[]> {
  const answers = await Promise.allSettled(client.endpoints.map((endpoint) => statusOf(client, endpoint)));
  const members = answers.map((answer, index): CoordinatorMember => {
    if (answer.status === 'fulfilled') return answer.value;
    const trouble = answer.reason instanceof Error ? answer.reason.message : String(answer.reason);
    return { endpoint: client.endpoints[index]?.url ?? '', version: null, leads: null, trouble };
  });
  if (members.every(({ leads }) => leads === null))
    throw new CoordinatorUnavailable(members[0]?.trouble ?? 'etcd has no endpoint');
  return members;
}

async function statusOf(client: EtcdClient, endpoint: Endpoint): Promise<CoordinatorMember> {
  try {
    const status = await client.withToken(endpoint, (headers) =>
      // Also a member without a leader is to say so.
      endpoint.maintenance.status({}, { headers: { ...headers, hasleader: 'false' }, timeoutMs: statusMs }),
    );
    const [trouble = status.leader === 0n ? 'it knows no leader' : null] = status.errors;
    const leads = status.header?.memberId === status.leader;
    return { endpoint: endpoint.url, version: status.version, leads, trouble };
  } catch (error) {
    throw unavailable(endpoint, error);
  }
}
