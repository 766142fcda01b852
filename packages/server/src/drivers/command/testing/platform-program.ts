// A program that speaks the contract, for tests: its machines stand in the file that its first word names. Its second word says how it
// misbehaves, or the file beside that one.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { answerContract, emptyPlatform, type PlatformState } from '../../../ports/testing/contract-platform.ts';

const [path = '', given = ''] = process.argv.slice(2);
const fault = given !== '' ? given : existsSync(`${path}.fault`) ? readFileSync(`${path}.fault`, 'utf8') : '';
let text = '';
for await (const piece of process.stdin.setEncoding('utf8')) text += String(piece);

switch (fault) {
  case 'refuses':
    process.stdout.write('{"version":1,"error":"the quota is used up"}');
    break;
  case 'fails':
    process.stderr.write('no route to the platform\n');
    process.exitCode = 3;
    break;
  case 'silent':
    // A child that would outlive it, and both hold the output open.
    spawn('sleep', ['600'], { stdio: 'inherit' });
    await new Promise(() => setInterval(() => undefined, 1000));
    break;
  case 'leaves':
    spawn('setsid', ['sleep', '5'], { stdio: 'inherit', detached: true }).unref();
    process.stdout.write('{"version":1}');
    break;
  case 'chatters':
    while (process.stdout.writable)
      if (!process.stdout.write('x'.repeat(1 << 20)))
        await new Promise((resolve) => process.stdout.once('drain', resolve));
    break;
  case 'environment':
    process.stdout.write(JSON.stringify({ version: 1, error: Object.keys(process.env).toSorted().join(' ') }));
    break;
  default: {
    const state = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as PlatformState) : emptyPlatform();
    const answer = answerContract(state, text);
    writeFileSync(path, JSON.stringify(state));
    process.stdout.write(JSON.stringify(answer));
  }
}
