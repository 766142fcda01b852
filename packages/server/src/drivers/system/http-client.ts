// HTTP through Node's own client. Not `fetch`: that one takes neither an authority nor a client certificate without a package of its own.

import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { serverLimits } from '../../core/limits.ts';
import type { HttpAnswer, HttpClient, HttpIdentity, HttpRequest } from '../../ports/http-client.ts';

/** Idle connections are kept for so long; servers often close theirs after a minute. */
const keepMs = 30_000;

export function openHttp(identity: HttpIdentity): HttpClient {
  const options = { keepAlive: true, keepAliveMsecs: keepMs, maxSockets: serverLimits.httpConnections, timeout: 0 };
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent({ ...options, ...identity, minVersion: 'TLSv1.2', rejectUnauthorized: true });
  return {
    send: (request) =>
      request.url.startsWith('https:') ? send(httpsRequest, secure, request) : send(httpRequest, plain, request),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function send(
  call: typeof httpsRequest,
  agent: HttpAgent | HttpsAgent,
  { method, url, headers, body, signal }: HttpRequest,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = call(url, { method, agent, signal, headers: { ...headers, ...length } }, (message) =>
      resolve(answerOf(message)),
    );
    request.on('error', reject);
    request.end(body);
  });
}

function answerOf(message: IncomingMessage): HttpAnswer {
  return {
    status: message.statusCode ?? 0,
    header: (name) => {
      const value = message.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(', ') : (value ?? null);
    },
    body: message,
  };
}
