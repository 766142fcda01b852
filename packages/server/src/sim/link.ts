// The worker protocol over a simulated connection: messages of one tick travel as one frame of text, read and validated at the
// other end exactly as the real doors do it.

import {
  limits,
  type MasterMessage,
  masterMessageSchema,
  readFrame,
  type WorkerMessage,
  workerMessageSchema,
} from '@tidewheel/protocol';
import type { Transport } from '@tidewheel/sdk';
import type { WorkerConnection, WorkerConnectionHandler } from '../ports/connection.ts';
import { Connection, type Receiver } from './connection.ts';
import type { Network } from './network.ts';
import type { SimProcess } from './sim-process.ts';
import { asSentBy, type Make } from './version-skew.ts';

/** What listens at an address: answers a connection with its handler. */
export interface Door {
  readonly process: SimProcess;
  readonly make: Make;
  accept(connection: WorkerConnection, namespace: string): WorkerConnectionHandler;
}

export type Doors = ReadonlyMap<string, Door>;

/** Gathers the messages of one tick. */
class Gatherer<T extends WorkerMessage | MasterMessage> {
  readonly #process: SimProcess;
  readonly #make: Make;
  readonly #write: (text: string) => void;
  #waiting: T[] = [];

  constructor(process: SimProcess, make: Make, write: (text: string) => void) {
    this.#process = process;
    this.#make = make;
    this.#write = write;
  }

  add(messages: readonly T[]): void {
    if (this.#waiting.length === 0 && messages.length > 0) this.#process.after(0, 'flush', () => this.flush());
    this.#waiting.push(...messages);
  }

  flush(): void {
    while (this.#waiting.length > 0) {
      const frame = this.#waiting.splice(0, limits.messagesPerFrame);
      this.#write(JSON.stringify(frame.map((message) => asSentBy(this.#make, message))));
    }
  }
}

/** The worker's end of its connections. */
export interface WorkerEnd {
  readonly process: SimProcess;
  readonly make: Make;
  readonly namespace: string;
  /** What reaches the worker, before it does anything with it. */
  readonly received: (messages: readonly MasterMessage[]) => void;
}

/** The transport of one worker process: finds the door of an address and opens a connection through the network. */
export function simTransport(network: Network, doors: Doors, end: WorkerEnd): Transport {
  const { process: worker, namespace } = end;
  return {
    connect(address, events) {
      const door = doors.get(address);
      const { life } = worker;
      let connection: Connection | null = null;
      let given = false;
      const outgoing = new Gatherer<WorkerMessage>(worker, end.make, (text) => connection?.send(0, text));
      const fail = (reason: string): void => {
        if (!given) events.closed(reason);
      };
      const own: Receiver = {
        frame: (text) => {
          const read = readFrame(masterMessageSchema, text);
          if (!read.ok) throw new Error(`a master sent a frame that cannot be read, ${read.reason}`);
          end.received(read.messages);
          events.messages(read.messages);
        },
        closed: fail,
      };
      worker.after(network.delayMs(), 'connect', () => {
        if (given) return;
        if (door === undefined || !door.process.up) return fail('the connection was refused');
        // A cut, or a paused master, answers nothing: the worker's own patience decides.
        if (network.isCut(worker, door.process) || network.isCut(door.process, worker)) return;
        door.process.after(network.delayMs(), 'accept', () => {
          // A master that was paused may come to it when the process that asked is gone and another lives in its place.
          if (given || !worker.lives(life)) return;
          connection = open(network, worker, namespace, door, own, () =>
            worker.after(network.delayMs(), 'connected', () => {
              if (!given) events.open();
            }),
          );
        });
      });
      return {
        send: (messages) => outgoing.add(messages),
        close: () => {
          outgoing.flush();
          given = true;
          connection?.close(0, 'the worker closed the connection');
        },
      };
    },
  };
}

function open(
  network: Network,
  worker: SimProcess,
  namespace: string,
  door: Door,
  own: Receiver,
  opened: () => void,
): Connection {
  let handler: WorkerConnectionHandler | null = null;
  const connection: Connection = new Connection(network, worker, door.process, [
    own,
    {
      frame: (text) => {
        const read = readFrame(workerMessageSchema, text);
        if (!read.ok) throw new Error(`a worker sent a frame that cannot be read, ${read.reason}`);
        for (const { type } of read.messages) if (type === 'result') network.watch('result', door.process.name);
        handler?.receive(read.messages);
      },
      closed: () => handler?.closed(),
    },
  ]);
  network.opened(connection);
  const outgoing = new Gatherer<MasterMessage>(door.process, door.make, (text) => connection.send(1, text));
  handler = door.accept(
    {
      send: (messages) => outgoing.add(messages),
      close: (code, reason) => {
        outgoing.flush();
        connection.close(1, `${code}: ${reason}`);
      },
      bufferedBytes: () => connection.inFlight(1),
    },
    namespace,
  );
  opened();
  return connection;
}
