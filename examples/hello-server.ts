// A small server for the HTTP job in jobs.yaml. It listens on loopback only. HELLO_PORT chooses another port.

import { createServer } from 'node:http';

const port = Number(process.env['HELLO_PORT'] ?? 7171);

const server = createServer((request, response) => {
  // The run's id is the same for every attempt, so a real service can refuse to do the same work twice.
  const run = request.headers['x-tidewheel-run-id'] ?? 'unknown';
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ hello: 'from the harbour', run }));
  });
});
server.listen(port, '127.0.0.1', () => console.log(`the harbour listens on http://127.0.0.1:${port}`));
