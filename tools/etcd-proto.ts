// Generates packages/server/src/drivers/etcd/rpc_pb.ts from rpc.proto beside it. Run it after a change of rpc.proto:
// `node --conditions=source tools/etcd-proto.ts`. The generator is fetched by npm for the occasion (some 60 MB), so it is no
// dependency of the project; its version goes with that of @bufbuild/protobuf.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from './house/repository.ts';

const folder = join(repositoryRoot, 'packages/server/src/drivers/etcd');
const buf = '@bufbuild/buf@1.75.0';

const work = mkdtempSync(join(tmpdir(), 'tidewheel-proto-'));
try {
  const server: unknown = JSON.parse(readFileSync(join(repositoryRoot, 'packages/server/package.json'), 'utf8'));
  const version = (server as { dependencies: Record<string, string> }).dependencies['@bufbuild/protobuf'];
  copyFileSync(join(folder, 'rpc.proto'), join(work, 'rpc.proto'));
  writeFileSync(join(work, 'buf.yaml'), 'version: v2\n');
  const plugin = '{ local: protoc-gen-es, opt: [target=ts], out: . }';
  writeFileSync(join(work, 'buf.gen.yaml'), `version: v2\nplugins:\n  - ${plugin}\n`);
  const packages = [buf, `@bufbuild/protoc-gen-es@${version}`].map((name) => `--package=${name}`);
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
  execFileSync('npx', ['--yes', ...packages, '--', 'buf', 'generate'], { cwd: work, env, stdio: 'inherit' });
  copyFileSync(join(work, 'rpc_pb.ts'), join(folder, 'rpc_pb.ts'));
} finally {
  rmSync(work, { recursive: true });
}
