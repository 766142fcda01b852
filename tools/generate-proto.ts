// Generates the …_pb.ts beside each .proto of the server. Run it after a change of one of them:
// `node --conditions=source tools/generate-proto.ts`. The generator is fetched by npm for the occasion (some 60 MB), so it is no
// dependency of the project; its version goes with that of @bufbuild/protobuf.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { repositoryRoot } from './house/repository.ts';

const source = join(repositoryRoot, 'packages/server/src');
const protos = ['drivers/etcd/rpc.proto', 'keda/external-scaler.proto'];
const buf = '@bufbuild/buf@1.75.0';

function generate(proto: string, version: string): void {
  const work = mkdtempSync(join(tmpdir(), 'tidewheel-proto-'));
  try {
    copyFileSync(join(source, proto), join(work, basename(proto)));
    writeFileSync(join(work, 'buf.yaml'), 'version: v2\n');
    const plugin = '{ local: protoc-gen-es, opt: [target=ts], out: . }';
    writeFileSync(join(work, 'buf.gen.yaml'), `version: v2\nplugins:\n  - ${plugin}\n`);
    const packages = [buf, `@bufbuild/protoc-gen-es@${version}`].map((name) => `--package=${name}`);
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
    execFileSync('npx', ['--yes', ...packages, '--', 'buf', 'generate'], { cwd: work, env, stdio: 'inherit' });
    const made = basename(proto).replace(/\.proto$/, '_pb.ts');
    copyFileSync(join(work, made), join(source, dirname(proto), made));
  } finally {
    rmSync(work, { recursive: true });
  }
}

const server: unknown = JSON.parse(readFileSync(join(repositoryRoot, 'packages/server/package.json'), 'utf8'));
const version = (server as { dependencies: Record<string, string> }).dependencies['@bufbuild/protobuf'] ?? '';
for (const proto of protos) generate(proto, version);
