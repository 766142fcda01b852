// Reads JSON bodies, so that a syntax fault is answered with its line and column.

import { Refusal } from '@tidewheel/protocol';
import type { FastifyInstance } from 'fastify';
import { jsonFault } from '../core/json-fault.ts';

export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? undefined : parseJson(text));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const fault = jsonFault(text);
    if (fault === null) throw error;
    const { line, column, detail } = fault;
    throw new Refusal('BAD_REQUEST', `the body is not JSON: ${detail} (line ${line}, column ${column})`, {
      faults: [{ pointer: '', detail, line, column }],
      cause: error,
    });
  }
}
