// A program inside a worker's network namespace: `relay.ts PID PORT=SOCKET…` listens on ports of loopback and passes each connection
// on to a socket file. It ends when the process PID does.

import { createConnection, createServer } from 'node:net';

const [pid = '0', ...routes] = process.argv.slice(2);

for (const route of routes) {
  const [port = '', path = ''] = route.split('=');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = createConnection({ path, allowHalfOpen: true });
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.resetAndDestroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(Number(port), '127.0.0.1');
}

setInterval(() => {
  try {
    process.kill(Number(pid), 0);
  } catch {
    process.exit(0);
  }
}, 200);
