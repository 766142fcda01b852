// A TCP proxy before a PostgreSQL server that can cut the connection, or go silent, at the moment a client sends a
// statement that matches. It matches bytes of the wire, so the text must be in one packet: true for what is short.

import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export type Cut =
  /** The statement never reaches the server. */
  | 'before'
  /** The server executes it; the client never learns. */
  | 'after'
  /** The server executes it; nothing is closed, but no byte comes back any more. */
  | 'silence'
  /** The statement is held back, and reaches the server when `deliver` is called: the client may be gone by then. */
  | 'late';

export interface CuttingProxy {
  /** The given URL, by way of the proxy. */
  readonly url: string;
  /** Cuts at the next statement that contains `text`. Resolves when it has been sent. */
  cutAt(text: string, cut: Cut): Promise<void>;
  deliver(): void;
  /** Destroys every connection now. */
  cutAll(): void;
  close(): Promise<void>;
}

interface Armed {
  readonly text: string;
  readonly cut: Cut;
  readonly done: () => void;
}

export async function cuttingProxy(serverUrl: string): Promise<CuttingProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let armed: Armed | undefined;
  let deliver = (): void => undefined;

  const server = createServer((client) => {
    const upstream = createConnection(Number(target.port), target.hostname);
    let state: 'open' | Cut = 'open';
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (data) => {
      if (armed === undefined || !data.includes(armed.text)) {
        upstream.write(data);
        return;
      }
      const { done } = armed;
      state = armed.cut;
      armed = undefined;
      if (state === 'before') cut();
      else if (state === 'late') deliver = () => upstream.write(data);
      else upstream.write(data);
      done();
    });
    upstream.on('data', (data) => {
      if (state === 'open') client.write(data);
      // The first answer after the statement: it has been executed.
      else if (state === 'after') cut();
    });
    client.on('close', () => {
      if (state !== 'late') upstream.destroy();
    });
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(serverUrl);
  url.port = String(address.port);

  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cutAt: (text, cut) => new Promise((done) => (armed = { text, cut, done })),
    deliver: () => deliver(),
    cutAll,
    close: async () => {
      server.close();
      cutAll();
      await once(server, 'close');
    },
  };
}
