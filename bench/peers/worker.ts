// The worker process of one peer: `node bench/peers/worker.ts NAME URL`. Its handler stamps its start and is done.

import { stamp } from '../load/stamps.ts';
import { peers } from './peers.ts';

const [name, url = ''] = process.argv.slice(2);
const peer = peers.find((each) => each.name === name);
if (peer === undefined) throw new Error(`no peer is called ${name}`);
const worker = await peer.work(url, (payload) => {
  stamp(payload.sentAt);
  return Promise.resolve();
});
process.once('SIGTERM', () => {
  void worker.stop().then(() => process.exit(0));
});
console.log('working');
