// An API server for tests, over HTTPS with an authority of its own: the operations that the driver uses, with versions, conflicts, watches
// that go on from a version and versions that are too old, pages, throttling. Every request is kept and held against the published
// interface, and so is every answer.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Certificates } from '../../../../../../test/support/certificates.ts';
import {
  type Change,
  ClusterState,
  keyOf,
  matches,
  type PodObject,
  selectorOf,
  selectorText,
  type WorkloadObject,
} from './cluster-state.ts';
import { Controllers } from './controllers.ts';
import { active } from './pod-ranking.ts';
import {
  faultsOfObject,
  faultsOfRequest,
  type MatchedOperation,
  operationOf,
  type SeenRequest,
} from './published-api.ts';

export interface StagedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Stage {
  readonly when: (request: SeenRequest) => boolean;
  left: number;
  readonly answer: StagedAnswer | 'cut' | (() => void);
}

interface Watcher {
  readonly response: ServerResponse;
  readonly namespace: string;
  readonly selector: Record<string, string>;
  sent: number;
}

class Refused extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export async function startApiServer(certificates: Certificates): Promise<ApiServer> {
  const server = new ApiServer(certificates);
  await server.listen();
  return server;
}

export class ApiServer {
  readonly state = new ClusterState();
  readonly controllers = new Controllers(this.state);
  readonly requests: SeenRequest[] = [];
  /** What in requests and answers the published interface does not have. */
  readonly faults: string[] = [];
  token: string | null = 'the-token-of-the-test';
  /** Nothing is answered, and what is open stays so. */
  silent = false;
  refusing: StagedAnswer | null = null;
  /** How a version that is too old is told: in the stream, or before it. */
  goneBy: 'event' | 'status' = 'event';
  pageMost = Number.POSITIVE_INFINITY;
  url = '';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<Watcher>();
  readonly #stages: Stage[] = [];
  readonly #pages = new Map<string, PodObject[]>();

  constructor({ caFile, certFile, keyFile }: Certificates) {
    const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => readFileSync(file));
    this.#server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: false });
    this.#server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response),
    );
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.state.listen(() => this.#feed());
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cutAll();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  get watches(): number {
    return this.#watchers.size;
  }

  /** Connections that are open, after those that are being closed have had time to go. */
  async connections(): Promise<number> {
    const late = AbortSignal.timeout(2000);
    for (const socket of this.#sockets) await once(socket, 'close', { signal: late }).catch(() => undefined);
    return this.#sockets.size;
  }

  /** The next requests like that are answered so, or cut off, or something else happens first. */
  stage(when: Stage['when'], answer: Stage['answer'], times = 1): void {
    this.#stages.push({ when, answer, left: times });
  }

  requestsLike(method: string, path: RegExp): SeenRequest[] {
    return this.requests.filter((request) => request.method === method && path.test(request.path));
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  closeWatches(): void {
    for (const { response } of this.#watchers) response.end();
    this.#watchers.clear();
  }

  bookmark(): void {
    for (const watcher of this.#watchers) {
      const metadata = { resourceVersion: String(this.state.version) };
      watcher.response.write(
        `${JSON.stringify({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Pod', metadata } })}\n`,
      );
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += String(piece);
    const { method = '', headers } = request;
    const seen: SeenRequest = { method, path: pathname, query: Object.fromEntries(searchParams), headers, body };
    this.requests.push(seen);
    this.faults.push(...faultsOfRequest(seen));
    if (this.silent) return;
    const stage = this.#stages.find((one) => one.left > 0 && one.when(seen));
    if (stage !== undefined) {
      stage.left -= 1;
      if (stage.answer === 'cut') return void request.socket.destroy();
      if (typeof stage.answer !== 'function') return answerWith(response, stage.answer);
      stage.answer();
    }
    if (this.refusing !== null) return answerWith(response, this.refusing);
    try {
      this.#admit(request);
      this.#answer(seen, response);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      answerWith(response, { status: error.status, body: JSON.stringify(statusOf(error)) });
    }
  }

  #admit({ socket, headers }: IncomingMessage): void {
    if ((socket as TLSSocket).authorized) return;
    if (this.token !== null && headers.authorization === `Bearer ${this.token}`) return;
    throw new Refused(401, 'Unauthorized', 'Unauthorized');
  }

  #answer(seen: SeenRequest, response: ServerResponse): void {
    const operation = operationOf(seen.method, seen.path);
    if (operation === null) throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
    const { namespace = '', name = '' } = operation.params;
    if (operation.name === 'listNamespacedPod' && seen.query['watch'] === 'true')
      return this.#watch(seen, namespace, response);
    const value = this.#valueOf(operation, seen, namespace, name);
    this.faults.push(...faultsOfObject(value, operation.answer, `answer of ${operation.name}`));
    answerWith(response, { status: 200, body: JSON.stringify(value) });
  }

  #valueOf({ name: operation }: MatchedOperation, seen: SeenRequest, namespace: string, name: string): unknown {
    const kind = operation.includes('StatefulSet') ? 'StatefulSet' : 'Deployment';
    switch (operation) {
      case 'listNamespacedPod':
        return this.#list(seen, namespace);
      case 'patchNamespacedPod':
        return this.#patchPod(this.#pod(namespace, name), JSON.parse(seen.body) as Partial<PodObject>);
      case 'deleteNamespacedPod':
        return this.#deletePod(
          this.#pod(namespace, name),
          JSON.parse(seen.body) as { preconditions?: { uid?: string } },
        );
      case 'readNamespacedDeployment':
      case 'readNamespacedStatefulSet':
        return workloadObject(this.#workload(kind, namespace, name));
      case 'readNamespacedDeploymentScale':
      case 'readNamespacedStatefulSetScale':
        return this.#scaleOf(this.#workload(kind, namespace, name));
      default:
        return this.#patchScale(this.#workload(kind, namespace, name), JSON.parse(seen.body) as ScalePatch);
    }
  }

  #workload(kind: WorkloadObject['kind'], namespace: string, name: string): WorkloadObject {
    const found = this.state.workloads.get(keyOf(kind, namespace, name));
    if (found !== undefined) return found;
    throw new Refused(404, 'NotFound', `${kind.toLowerCase()}s.apps "${name}" not found`);
  }

  #pod(namespace: string, name: string): PodObject {
    const found = this.state.podNamed(namespace, name);
    if (found !== undefined) return found;
    throw new Refused(404, 'NotFound', `pods "${name}" not found`);
  }

  #scaleOf(workload: WorkloadObject): object {
    const { namespace, name, uid, version, replicas, selector } = workload;
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace, uid, resourceVersion: String(version) },
      // Zero is left out, as by the real one.
      spec: replicas === 0 ? {} : { replicas },
      status: { replicas: this.controllers.podsOf(workload).filter(active).length, selector: selectorText(selector) },
    };
  }

  #patchScale(workload: WorkloadObject, patch: ScalePatch): object {
    const expected = patch.metadata?.resourceVersion;
    if (expected !== undefined && expected !== String(workload.version)) {
      const what = `${workload.kind.toLowerCase()}s.apps "${workload.name}"`;
      throw new Refused(409, 'Conflict', `Operation cannot be fulfilled on ${what}: the object has been modified`);
    }
    workload.replicas = patch.spec?.replicas ?? workload.replicas;
    this.state.touch(workload);
    return this.#scaleOf(workload);
  }

  #patchPod(pod: PodObject, patch: Partial<PodObject>): PodObject {
    const { uid, annotations = {} } = patch.metadata ?? {};
    assertSame(pod, uid);
    pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
    this.state.write(pod);
    return pod;
  }

  #deletePod(pod: PodObject, { preconditions }: { preconditions?: { uid?: string } }): PodObject {
    assertSame(pod, preconditions?.uid);
    this.controllers.end(pod);
    return pod;
  }

  #list({ query }: SeenRequest, namespace: string): object {
    const limit = Math.min(Number(query['limit'] ?? this.pageMost), this.pageMost);
    const token = query['continue'] ?? '';
    const selector = selectorOf(query['labelSelector'] ?? '');
    const rest = this.#pages.get(token);
    if (token !== '' && rest === undefined)
      throw new Refused(410, 'Expired', 'The provided continue parameter is too old');
    const all =
      rest ??
      structuredClone(this.state.podsOf(namespace).filter(({ metadata }) => matches(metadata.labels, selector)));
    const next = all.length > limit ? `page-${this.#pages.size}` : '';
    if (next !== '') this.#pages.set(next, all.slice(limit));
    const metadata = { resourceVersion: String(this.state.version), ...(next === '' ? {} : { continue: next }) };
    return { kind: 'PodList', apiVersion: 'v1', metadata, items: all.slice(0, limit) };
  }

  forgetPages(): void {
    this.#pages.clear();
  }

  #watch({ query }: SeenRequest, namespace: string, response: ServerResponse): void {
    const from = Number(query['resourceVersion']);
    const tooOld = new Refused(410, 'Expired', `too old resource version: ${from} (${this.state.compactedAt})`);
    if (from < this.state.compactedAt && this.goneBy === 'status') throw tooOld;
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    if (from < this.state.compactedAt)
      return void response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(tooOld) })}\n`);
    const watcher = { response, namespace, selector: selectorOf(query['labelSelector'] ?? ''), sent: from };
    this.#watchers.add(watcher);
    response.once('close', () => this.#watchers.delete(watcher));
    this.#feedOne(watcher);
  }

  #feed(): void {
    for (const watcher of this.#watchers) this.#feedOne(watcher);
  }

  #feedOne(watcher: Watcher): void {
    for (const change of this.state.since(watcher.sent)) {
      watcher.sent = change.version;
      if (!this.silent && isFor(change, watcher))
        watcher.response.write(`${JSON.stringify({ type: change.type, object: change.pod })}\n`);
    }
  }
}

interface ScalePatch {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly spec?: { readonly replicas?: number };
}

function isFor({ pod: { metadata } }: Change, { namespace, selector }: Watcher): boolean {
  return metadata.namespace === namespace && matches(metadata.labels, selector);
}

function assertSame({ metadata }: PodObject, uid: string | undefined): void {
  if (uid === undefined || uid === metadata.uid) return;
  const message = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
  throw new Refused(409, 'Conflict', message);
}

function workloadObject({
  kind,
  namespace,
  name,
  uid,
  version,
  replicas,
  selector,
  conditions,
  firstOrdinal,
}: WorkloadObject): object {
  const ordinals = kind === 'StatefulSet' && firstOrdinal > 0 ? { ordinals: { start: firstOrdinal } } : {};
  return {
    kind,
    apiVersion: 'apps/v1',
    metadata: { name, namespace, uid, resourceVersion: String(version) },
    spec: { replicas, selector: { matchLabels: selector }, template: {}, ...ordinals },
    status: { conditions },
  };
}

function statusOf({ status, reason, message }: Refused): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
}

function answerWith(response: ServerResponse, { status, headers = {}, body = '' }: StagedAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
