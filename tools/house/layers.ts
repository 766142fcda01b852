// Who may import whom: the table of the design as data, and the rule that holds every import to it.
// The order of the list is the reading order. A file belongs to the first layer whose pattern matches its path.

import { importsOf, packageOf, targetOf } from './imports.ts';
import type { Finding, Repository } from './repository.ts';

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Layers it may import besides itself. */
  readonly layers: readonly string[];
  /** Packages and built-in modules it may import; `node:*` stands for all built-in modules. */
  readonly packages: readonly string[];
}

const server = 'packages/server/src/';
const below = {
  ports: ['protocol', 'core'],
  store: ['protocol', 'core', 'ports'],
  master: ['protocol', 'core', 'ports', 'store'],
  http: ['protocol', 'core', 'ports', 'store', 'master'],
  cli: ['protocol', 'core', 'ports', 'store', 'master', 'http', 'sdk', 'config', 'compose'],
} as const;

function driver(name: string, packages: readonly string[] = []): Layer {
  return {
    name: `drivers/${name}`,
    files: new RegExp(`^${server}drivers/${name}/`),
    layers: below.store,
    packages: ['node:*', ...packages],
  };
}

export const layers: readonly Layer[] = [
  { name: 'protocol', files: /^packages\/protocol\/src\//, layers: [], packages: ['zod'] },
  // The SDK runs anywhere, but for its node adapters: connection, processes, threads, signals. Its index joins both.
  {
    name: 'sdk/node',
    files: /^packages\/sdk\/src\/node\//,
    layers: ['protocol', 'sdk/anywhere'],
    packages: ['node:*', 'ws', '@standard-schema/spec'],
  },
  {
    name: 'sdk',
    files: /^packages\/sdk\/src\/index\.ts$/,
    layers: ['protocol', 'sdk/anywhere', 'sdk/node'],
    packages: [],
  },
  { name: 'sdk/anywhere', files: /^packages\/sdk\/src\//, layers: ['protocol'], packages: ['@standard-schema/spec'] },
  { name: 'core', files: new RegExp(`^${server}core/`), layers: ['protocol'], packages: [] },
  { name: 'ports', files: new RegExp(`^${server}ports/`), layers: below.ports, packages: [] },
  { name: 'store', files: new RegExp(`^${server}store/`), layers: below.store, packages: [] },
  driver('sqlite'),
  driver('postgres', ['pg']),
  driver('etcd', ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf']),
  driver('archive', ['aws4fetch']),
  driver('kubernetes', ['yaml', 'zod']),
  driver('command'),
  driver('process'),
  driver('webhook'),
  driver('system', ['pino', '@prometheus-io/client', 'ws']),
  { name: 'master', files: new RegExp(`^${server}master/`), layers: below.master, packages: [] },
  {
    name: 'http',
    files: new RegExp(`^${server}http/`),
    layers: below.http,
    packages: [
      'fastify',
      'fastify-type-provider-zod',
      '@fastify/swagger',
      'zod',
      'ws',
      // The server that listens and upgrades, and the console's files.
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:path',
      'node:stream',
      'node:url',
      'node:util',
      'node:zlib',
    ],
  },
  // The door for KEDA: gRPC on an address of its own.
  {
    name: 'keda',
    files: new RegExp(`^${server}keda/`),
    layers: [...below.http, 'http'],
    packages: ['@connectrpc/connect', '@connectrpc/connect-node', '@bufbuild/protobuf', 'node:http2'],
  },
  {
    name: 'config',
    files: new RegExp(`^${server}config(-[a-z-]+)?\\.ts$`),
    layers: ['protocol', 'core'],
    packages: ['node:fs', 'node:os', 'node:path', 'yaml', 'zod'],
  },
  {
    name: 'cli',
    files: new RegExp(`^${server}cli/`),
    layers: below.cli,
    packages: ['node:*', 'commander', 'yaml', 'zod'],
  },
  // Around the simulator: counts real minutes, draws seeds nobody chose, applies mutations. The simulated world does not.
  {
    name: 'sim/command',
    files: new RegExp(`^${server}sim/(main\\.ts$|command/)`),
    layers: ['protocol', 'core', 'ports', 'sim', 'drivers/system'],
    packages: ['node:*'],
  },
  {
    name: 'sim',
    files: new RegExp(`^${server}sim/`),
    layers: [...below.http, 'sdk', 'drivers/sqlite'],
    packages: ['node:crypto', 'node:util', 'node:process'],
  },
  {
    name: 'compose',
    files: new RegExp(`^${server}compose(/|\\.ts$)`),
    layers: [...below.http, 'http', 'keda', 'config', 'sdk', 'drivers/*'],
    packages: ['node:*'],
  },
  {
    name: 'main',
    files: new RegExp(`^${server}main\\.ts$`),
    layers: ['cli', 'compose', 'config', 'protocol'],
    packages: ['node:*'],
  },
  {
    name: 'console',
    files: /^packages\/console\/src\//,
    layers: ['protocol'],
    packages: ['react', 'react-dom', '@tanstack/react-query'],
  },
  // Examples are what users copy: only what users can install.
  { name: 'examples', files: /^examples\//, layers: ['sdk'], packages: ['node:*', 'zod'] },
];

/** What one file may import beyond its layer, with the reason. */
export const exceptions: readonly {
  readonly file: string;
  readonly imports: readonly string[];
  readonly why: string;
}[] = [
  {
    file: 'packages/server/src/store/migrate.ts',
    imports: ['node:fs', 'node:crypto'],
    why: 'reads the migrations that lie beside it, and their checksums: part of the program, not of the world',
  },
];

/** Code that only tests run: it may import what it wants, and nothing else may import it. */
export function isTestCode(file: string): boolean {
  return /\.test\.tsx?$|^(test|tools|bench)\/|\/(conformance|testing)\//.test(file);
}

export function layerOf(file: string): Layer | undefined {
  return layers.find(({ files }) => files.test(file));
}

export function importsFollowTheTable(repository: Repository): Finding[] {
  const findings: Finding[] = [];
  for (const source of repository.sources.values()) {
    const { file } = source;
    const layer = layerOf(file);
    if (isTestCode(file)) continue;
    if (layer === undefined) {
      if (/^packages\/[a-z]+\/src\//.test(file)) {
        findings.push({ file, line: 1, text: 'belongs to no layer; add it to the table in tools/house/layers.ts' });
      }
      continue;
    }
    for (const { specifier, line } of importsOf(source)) {
      const text = refusal(file, layer, specifier, repository);
      if (text !== undefined) findings.push({ file, line, text });
    }
  }
  return findings;
}

function refusal(file: string, layer: Layer, specifier: string, repository: Repository): string | undefined {
  const target = targetOf(file, specifier, repository);
  if (target === undefined) return packageRefusal(file, layer, specifier);
  if (isTestCode(target)) return `production code imports test code: ${target}`;
  const other = layerOf(target);
  if (other === undefined || other === layer || allows(layer.layers, other.name)) return undefined;
  if (exceptions.some((entry) => entry.file === file && entry.imports.includes(other.name))) return undefined;
  const allowed = layer.layers.length === 0 ? 'nothing but itself' : layer.layers.join(', ');
  return `${layer.name} imports ${other.name} (${specifier}); it may import ${allowed}`;
}

function packageRefusal(file: string, layer: Layer, specifier: string): string | undefined {
  if (specifier.startsWith('.')) {
    // Styles and pictures of the console are the bundler's; a missing source file is the compiler's to report.
    return undefined;
  }
  const name = packageOf(specifier);
  if (allows(layer.packages, name)) return undefined;
  if (exceptions.some((entry) => entry.file === file && entry.imports.includes(name))) return undefined;
  return `${layer.name} imports ${name}; it may import ${layer.packages.join(', ') || 'no package'}`;
}

function allows(list: readonly string[], name: string): boolean {
  return list.some((entry) => entry === name || (entry.endsWith('*') && name.startsWith(entry.slice(0, -1))));
}
