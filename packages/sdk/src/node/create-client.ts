// The client as Node programs use it: real fetch and time, and configuration from the environment.

import { Client } from '../client/client.ts';
import type { ClientPorts } from '../client/client-ports.ts';
import { connectionOf, type ConnectionOptions } from '../client/configuration.ts';
import { type ReadOptions, Requests } from '../client/requests.ts';
import { systemClock, systemRandom } from './system-clock.ts';

export interface ClientOptions extends ConnectionOptions, ReadOptions {
  /** For tests, and for agents with certificates of their own. */
  fetch?: ClientPorts['fetch'];
}

export function createClient(options: ClientOptions = {}): Client {
  const { addresses, token, namespace } = connectionOf(options, process.env);
  const ports: ClientPorts = {
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: systemClock,
    ...systemRandom,
  };
  return new Client(new Requests(addresses, token, ports, options), namespace);
}
