// API tokens: made, listed, revoked. An administrator of one namespace has power over that namespace only.

import {
  idSchema,
  pageQuerySchema,
  pageSchema,
  Refusal,
  tokenCreatedSchema,
  tokenRequestSchema,
  tokenViewSchema,
} from '@tidewheel/protocol';
import { z } from 'zod';
import { eventsAppend } from '../store/events.ts';
import { tokenCreate, tokenRevoke, tokensPage } from '../store/tokens.ts';
import type { Caller } from './credentials.ts';
import { decodeCursor, idCursor, pageOf } from './cursor.ts';
import type { DoorContext } from './door-context.ts';
import { reaches } from './permissions.ts';
import { route, type Route } from './route.ts';

const tag = 'Tokens';

export function tokenRoutes({ db, identity, credentials }: DoorContext): Route[] {
  return [
    route({
      method: 'GET',
      url: '/v1/tokens',
      permission: 'tokens.manage',
      tag,
      summary: 'Lists tokens in force, newest first. Secrets are not stored and cannot be shown again.',
      query: pageQuerySchema,
      response: pageSchema(tokenViewSchema),
      handler: async ({ query: { cursor, limit }, caller }) =>
        pageOf(await tokensPage(db, { namespace: scopeOf(caller), before: decodeCursor(idCursor, cursor), limit })),
    }),
    route({
      method: 'POST',
      url: '/v1/tokens',
      permission: 'tokens.manage',
      tag,
      summary: 'Makes a token. Its secret is in this answer and nowhere else.',
      body: tokenRequestSchema,
      status: 201,
      response: tokenCreatedSchema,
      handler: ({ body: { name, role, namespace, expiresIn }, caller }) => {
        if (!reaches(caller.namespace, namespace)) {
          throw new Refusal(
            'FORBIDDEN',
            `"${caller.name}" may make tokens for the namespace "${caller.namespace}" only`,
          );
        }
        return db.transaction(async (tx) => {
          const token = await tokenCreate(tx, identity, { name, role, namespace }, expiresIn ?? null);
          const detail = { token: token.id, role, expiresAt: token.expiresAt };
          await eventsAppend(tx, identity, [
            { namespace, actor: caller.name, action: 'token.create', subject: name, detail },
          ]);
          return token;
        });
      },
    }),
    route({
      method: 'DELETE',
      url: '/v1/tokens/:id',
      permission: 'tokens.manage',
      tag,
      summary:
        'Revokes a token: at once on this master, within 5 s on the others; open streams and workers within 15 s more.',
      params: z.object({ id: idSchema }),
      response: null,
      handler: async ({ params: { id }, caller }) => {
        await db.transaction(async (tx) => {
          const grant = await tokenRevoke(tx, id, scopeOf(caller));
          if (grant === null) throw new Refusal('NOT_FOUND', `there is no token ${id} in force`);
          const { namespace, name: subject } = grant;
          await eventsAppend(tx, identity, [
            { namespace, actor: caller.name, action: 'token.revoke', subject, detail: { token: id } },
          ]);
        });
        credentials.forgetAll();
      },
    }),
  ];
}

function scopeOf(caller: Caller): string | null {
  return caller.namespace === '*' ? null : caller.namespace;
}
