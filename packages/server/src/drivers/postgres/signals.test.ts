// Signals over LISTEN and NOTIFY keep what the port promises, and come back after the connection was lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import pg from 'pg';
import { createDatabase } from '../../../../../test/support/postgres.ts';
import { silentLog } from '../../ports/log.ts';
import { testSignals } from '../../ports/conformance/signals.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { PostgresSignals } from './signals.ts';

async function setup() {
  const database = await createDatabase();
  const options = { url: database.url, clock: systemClock, identity: systemIdentity, log: silentLog };
  const here = new PostgresSignals(options);
  const there = new PostgresSignals(options);
  await Promise.all([here.listening(), there.listening()]);
  return {
    url: database.url,
    here,
    there,
    close: async () => {
      await Promise.all([here.close(), there.close()]);
      await database.drop();
    },
  };
}

testSignals('PostgreSQL', setup);

test('signals come back after the server has ended the connection', { timeout: 60_000 }, async () => {
  const { url, here, there, close } = await setup();
  const other = new pg.Client(url);
  await other.connect();
  try {
    await other.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidewheel signals' and datname = current_database()`,
    );
    // Hints of the time in between are lost by design, so the publisher goes on until one has arrived.
    const heard = new Promise<void>((resolve) => {
      there.subscribe('schedules', () => resolve());
    });
    const publishing = setInterval(() => here.publish('schedules', null), 20);
    await heard;
    clearInterval(publishing);
  } finally {
    await other.end();
    await close();
  }
});

test('what strangers send to the channel is ignored', { timeout: 60_000 }, async () => {
  const { url, here, there, close } = await setup();
  const other = new pg.Client(url);
  await other.connect();
  try {
    there.subscribe('ready', () => assert.fail('delivered what is no signal'));
    for (const payload of [
      '',
      'no json',
      '{}',
      '["x"]',
      '["x",[["ready",{"lanes":[1]}]]]',
      '["x",[["ready",null],7]]',
    ]) {
      await other.query(`select pg_notify('tidewheel', $1)`, [payload]);
    }
    const heard = new Promise<void>((resolve) => {
      there.subscribe('schedules', () => resolve());
    });
    here.publish('schedules', null);
    await heard;
  } finally {
    await other.end();
    await close();
  }
});

test('signals without a server publish within the process and can be closed', { timeout: 60_000 }, async () => {
  const signals = new PostgresSignals({
    url: 'postgres://nobody:secret@127.0.0.1:1/none',
    clock: systemClock,
    identity: systemIdentity,
    log: silentLog,
  });
  const heard = new Promise<void>((resolve) => {
    signals.subscribe('schedules', () => resolve());
  });
  signals.publish('schedules', null);
  await heard;
  await signals.close();
});
