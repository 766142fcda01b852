// KEDA's side of its external scaler interface for tests: another implementation of gRPC, with messages written and read by hand by the
// numbers of the published interface, so that nothing of ours is used to test ours. Test code only.

import {
  type ChannelCredentials,
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';

export interface Asked {
  readonly metadata: Readonly<Record<string, string>>;
  readonly metricName?: string;
}

type Wire = ReadonlyMap<number, readonly (bigint | number | Buffer)[]>;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left >>>= 7) bytes.push((left & 127) | 128);
  return Buffer.from([...bytes, left]);
}

function lengthed(field: number, body: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

function text(field: number, value: string): Buffer {
  return lengthed(field, Buffer.from(value));
}

function scaledObjectRef({ metadata }: Asked): Buffer {
  const entries = Object.entries(metadata).map(([key, value]) =>
    lengthed(3, Buffer.concat([text(1, key), text(2, value)])),
  );
  return Buffer.concat([text(1, 'a-scaled-object'), text(2, 'a-namespace'), ...entries]);
}

function metricsRequest(asked: Asked): Buffer {
  return Buffer.concat([lengthed(1, scaledObjectRef(asked)), text(2, asked.metricName ?? 'tidewheel-workers')]);
}

function readVarint(bytes: Buffer, at: number): [bigint, number] {
  let value = 0n;
  let next = at;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[next] ?? 0;
    next += 1;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return [value, next];
  }
}

/** Fields by number; varints, doubles and what has a length are all that occurs. */
function wire(bytes: Buffer): Wire {
  const fields = new Map<number, (bigint | number | Buffer)[]>();
  let at = 0;
  while (at < bytes.length) {
    const [tag, body] = readVarint(bytes, at);
    const [field, kind] = [Number(tag >> 3n), Number(tag & 7n)];
    let value: bigint | number | Buffer;
    if (kind === 0) [value, at] = readVarint(bytes, body);
    else if (kind === 1) [value, at] = [bytes.readDoubleLE(body), body + 8];
    else {
      const [length, start] = readVarint(bytes, body);
      [value, at] = [bytes.subarray(start, start + Number(length)), start + Number(length)];
    }
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const inner = (fields: Wire, field: number): Buffer[] =>
  (fields.get(field) ?? []).filter((one) => Buffer.isBuffer(one));

export interface Metric {
  name: string;
  whole: number;
  float: number;
}

function metrics(bytes: Buffer): Metric[] {
  return inner(wire(bytes), 1).map((body) => {
    const fields = wire(body);
    const name = String(inner(fields, 1)[0] ?? '');
    return { name, whole: Number(fields.get(2)?.[0] ?? 0), float: Number(fields.get(3)?.[0] ?? 0) };
  });
}

const active = (bytes: Buffer): boolean => wire(bytes).get(1)?.[0] === 1n;

function method<T>(name: string, stream: boolean, write: (asked: Asked) => Buffer, read: (bytes: Buffer) => T) {
  return {
    path: `/externalscaler.ExternalScaler/${name}`,
    requestStream: false,
    responseStream: stream,
    requestSerialize: write,
    requestDeserialize: () => ({ metadata: {} }),
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: read,
  };
}

const Client = makeGenericClientConstructor(
  {
    isActive: method('IsActive', false, scaledObjectRef, active),
    streamIsActive: method('StreamIsActive', true, scaledObjectRef, active),
    getMetricSpec: method('GetMetricSpec', false, scaledObjectRef, metrics),
    streamMetricSpec: method('StreamMetricSpec', true, scaledObjectRef, metrics),
    getMetrics: method('GetMetrics', false, metricsRequest, metrics),
  },
  'ExternalScaler',
);

export interface KedaStream<T> {
  /** The next message; null when the stream has ended well. Rejects with the error of the stream. */
  next: () => Promise<T | null>;
  cancel: () => void;
}

export interface KedaClient {
  isActive: (asked: Asked) => Promise<boolean>;
  getMetricSpec: (asked: Asked) => Promise<Metric[]>;
  getMetrics: (asked: Asked) => Promise<Metric[]>;
  streamIsActive: (asked: Asked) => KedaStream<boolean>;
  streamMetricSpec: (asked: Asked) => KedaStream<Metric[]>;
  close: () => void;
}

/** `address` is host:port, or `ipv4:` with several, which are then asked in turn. */
export function kedaClient(address: string, secure: ChannelCredentials = credentials.createInsecure()): KedaClient {
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const client = new Client(address, secure, { 'grpc.service_config': config });
  const unary = <T>(name: string) => {
    return (asked: Asked): Promise<T> =>
      new Promise((resolve, reject) => {
        const call = client[name] as (
          asked: Asked,
          options: object,
          done: (e: ServiceError | null, v: T) => void,
        ) => void;
        const deadline = new Date(Date.now() + 10_000);
        call.call(client, asked, { deadline }, (error, value) => (error === null ? resolve(value) : reject(error)));
      });
  };
  const stream = <T>(name: string) => {
    return (asked: Asked): KedaStream<T> =>
      streamOf((client[name] as (asked: Asked) => ClientReadableStream<T>).call(client, asked));
  };
  return {
    isActive: unary('isActive'),
    getMetricSpec: unary('getMetricSpec'),
    getMetrics: unary('getMetrics'),
    streamIsActive: stream('streamIsActive'),
    streamMetricSpec: stream('streamMetricSpec'),
    close: () => client.close(),
  };
}

function streamOf<T>(call: ClientReadableStream<T>): KedaStream<T> {
  const arrived: (() => Promise<T | null>)[] = [];
  let waiting: ((take: () => Promise<T | null>) => void) | null = null;
  const arrive = (take: () => Promise<T | null>): void => {
    if (waiting === null) arrived.push(take);
    else waiting(take);
    waiting = null;
  };
  call.on('data', (message: T) => arrive(() => Promise.resolve(message)));
  call.on('end', () => arrive(() => Promise.resolve(null)));
  call.on('error', (error) => arrive(() => Promise.reject(error)));
  return {
    next: async () => {
      const first = arrived.shift() ?? (await new Promise<() => Promise<T | null>>((resolve) => (waiting = resolve)));
      return first();
    },
    cancel: () => call.cancel(),
  };
}
