// What stands in deploy/ for Kubernetes, as the real helm and Kustomize render it: held to the published schemas with nothing unknown let
// through, and to what Tidewheel promises of a deployment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeOptions } from '../bench/systems/built-version.ts';
import { makeProgram } from '../packages/server/src/cli/program.ts';
import { processTerminal } from '../packages/server/src/cli/terminal.ts';
import { configKeys } from '../packages/server/src/config.ts';
import { startCluster } from '../packages/server/src/drivers/kubernetes/testing/cluster.ts';
import {
  built,
  chart,
  exampleValues,
  faultsOfObject,
  guideObjects,
  overlays,
  podsOf,
  rendered,
} from './support/deploy-files.ts';
import { kubernetesTools, noTools } from './support/kubernetes-tools.ts';
import type { KubernetesObject } from './support/strict-schema.ts';

const options = { skip: noTools ?? false };
const tools = noTools === null ? kubernetesTools() : null;

function needed(): NonNullable<typeof tools> {
  assert.ok(tools);
  return tools;
}

let once: { from: string; objects: KubernetesObject[] }[] | null = null;
const all = (): { from: string; objects: KubernetesObject[] }[] =>
  (once ??= [
    ...exampleValues.map((values) => ({ from: `helm ${values}`, objects: rendered(needed(), values) })),
    ...overlays.map((overlay) => ({ from: `kustomize ${overlay}`, objects: built(needed(), overlay) })),
  ]);

test('every object is one that Kubernetes and KEDA know, field by field', options, async () => {
  for (const { from, objects } of all()) {
    assert.ok(objects.length >= 8, from);
    for (const object of objects)
      assert.deepEqual(await faultsOfObject(object), [], `${from}: ${object.kind} ${object.metadata.name}`);
  }
});

/** Where people choose the keys. */
const freeKeys = /\/(labels|annotations|matchLabels|nodeSelector|requests|limits|triggers\/\d+\/metadata)$/;

test('an unknown field is found wherever it stands', options, async () => {
  let planted = 0;
  for (const values of ['keda', 'hpa', 'scaler', 'single-node']) {
    for (const object of rendered(needed(), values)) {
      for (const path of placesOf(object)) {
        if (freeKeys.test(path)) continue;
        const spoilt = structuredClone(object);
        at(spoilt, path)['replicaz'] = 1;
        const faults = await faultsOfObject(spoilt);
        assert.ok(
          faults.some((fault) => fault.includes('replicaz')),
          `${object.kind} ${path || '/'}: ${faults.join()}`,
        );
        planted += 1;
      }
    }
  }
  assert.ok(planted > 300, String(planted));
});

test('the chart and Kustomize give the same objects', options, () => {
  for (const overlay of overlays) {
    const [ofHelm, ofKustomize] = [rendered(needed(), overlay), built(needed(), overlay)].map((objects) =>
      objects.map(comparable).toSorted((a, b) => (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1)),
    );
    assert.deepEqual(ofKustomize, ofHelm, overlay);
  }
});

test('what contradicts itself is refused before anything is installed, with what to do', options, () => {
  const refused = (values: string, sets: readonly string[], words: RegExp): void =>
    assert.throws(() => rendered(needed(), values, ...sets), words, sets.join());
  refused('single-node', ['masters.replicas=3'], /store\.kind is sqlite.*set masters\.replicas to 1/s);
  refused('cluster', ['store.postgres.secret.name='], /name the secret that holds the address/);
  refused('cluster', ['tls.secret='], /name a certificate in tls\.secret, or accept clear text/);
  refused('keda', ['keda.clientSecret='], /keda\.enabled needs keda\.serverSecret and keda\.clientSecret/);
  refused('keda', ['keda.enabled=false'], /"etl" is scaled by KEDA: set keda\.enabled/);
  refused('keda', ['pools[0].min=60'], /"etl": min 60 is above max 50/);
  refused('hpa', ['pools[0].min=0'], /does not scale to zero/);
  refused('hpa', ['serviceMonitor.token.secret='], /asks for a token of the role viewer/);
  refused('hpa', ['masters.replicaz=3'], /replicaz/);
  refused('hpa', ['pools[0].slots=0'], /slots/);
  refused('hpa', ['pools[0].scaling=magic'], /scaling/);
  refused('hpa', ['pools[0].replicas=4'], /'not' failed|not/);
  refused('cluster', ['masters.settings.PATH=/bin'], /PATH/);
});

test('no pod may do more than it needs, and secrets are only referred to', options, () => {
  for (const { from, objects } of all()) {
    assert.ok(!objects.some(({ kind }) => kind === 'Secret'), from);
    for (const { name, pod } of podsOf(objects)) {
      const place = `${from}: ${name}`;
      assert.partialDeepStrictEqual(
        pod.securityContext,
        { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        place,
      );
      for (const { securityContext, env } of pod.containers) {
        const narrow = {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        };
        assert.deepEqual(securityContext, narrow, place);
        for (const { name: key, value } of env)
          assert.ok(
            value === undefined || !/TOKEN$|PASSWORD|SECRET|_STORE$/.test(key) || value.startsWith('sqlite:'),
            `${place} ${key}`,
          );
      }
      assert.equal(pod.automountServiceAccountToken, from.endsWith('scaler') && name === 'tidewheel', place);
    }
  }
});

test('what the containers are told exists: variables of the configuration, flags of the command line', options, () => {
  const variables = new Set([
    ...configKeys.map(({ env }) => env),
    'TIDEWHEEL_URL',
    'TIDEWHEEL_NAMESPACE',
    'TIDEWHEEL_TOKEN',
  ]);
  const commands = makeProgram({ terminal: processTerminal(), exitCode: 0 }).commands;
  for (const { from, objects } of all()) {
    for (const { pod, name } of podsOf(objects)) {
      for (const { env, args } of pod.containers) {
        const place = `${from}: ${name}`;
        for (const { name: key } of env)
          assert.ok(!key.startsWith('TIDEWHEEL_') || variables.has(key), `${place} ${key}`);
        const command = commands.find((one) => one.name() === args[0]);
        assert.ok(command, place);
        for (const flag of args.slice(1))
          assert.ok(
            command.options.some(({ long }) => long === flag.split('=')[0]),
            `${place} ${flag}`,
          );
      }
    }
  }
});

test('masters are started as they are measured', options, () => {
  for (const { from, objects } of all())
    for (const { env, args } of podsOf(objects).flatMap(({ pod }) => pod.containers)) {
      const told = env.filter(({ name }) => name === 'NODE_OPTIONS').map(({ value }) => value?.split(' ').slice(0, 1));
      assert.deepEqual(told, args[0] === 'server' ? [nodeOptions] : [], from);
    }
});

test('a worker may end what it runs, and a master is asked whether it lives and is ready', options, () => {
  const [{ pod: worker } = assert.fail()] = podsOf(rendered(needed(), 'keda')).filter(
    ({ kind }) => kind === 'Deployment',
  );
  assert.equal(worker.terminationGracePeriodSeconds, 7200 + 30);
  for (const { from, objects } of all()) {
    const [{ pod: master } = assert.fail()] = podsOf(objects).filter(({ kind }) => kind === 'StatefulSet');
    const [container] = master.containers;
    const path = (probe: object | undefined) => (probe as { httpGet: { path: string } }).httpGet.path;
    assert.equal(path(container?.readinessProbe), '/readyz', from);
    assert.equal(path(container?.livenessProbe), '/livez', from);
    assert.equal(path(container?.startupProbe), '/livez', from);
  }
});

test('who scales a pool says how many there are, and nobody else', options, () => {
  for (const { from, objects } of all()) {
    const scalers = objects.filter(({ kind }) => kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler');
    const bySelf = objects.some(({ kind }) => kind === 'Role');
    for (const { kind, name, replicas } of podsOf(objects)) {
      if (kind !== 'Deployment') continue;
      const scaled = bySelf || scalers.some(({ metadata }) => metadata.name === name);
      assert.equal(replicas === undefined, scaled, `${from}: ${name}`);
    }
  }
});

test("the scaler's rights are the number of its own Deployments and the pods beside them", options, () => {
  const roles = rendered(needed(), 'scaler').filter(({ kind }) => kind === 'Role');
  assert.deepEqual(
    roles.map(({ rules }) => rules),
    [
      [
        { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['tidewheel-batch'], verbs: ['get'] },
        {
          apiGroups: ['apps'],
          resources: ['deployments/scale'],
          resourceNames: ['tidewheel-batch'],
          verbs: ['get', 'patch'],
        },
        { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'patch', 'delete'] },
      ],
    ],
  );
  assert.ok(!rendered(needed(), 'keda').some(({ kind }) => kind === 'Role'));
});

test('every request of the scaler is among the rights that the chart gives', {
  ...options,
  timeout: 60_000,
}, async (t) => {
  const cluster = await startCluster();
  t.after(() => cluster.close());
  const pool = cluster.pool('tidewheel-batch', { replicas: 2 });
  cluster.api.controllers.settle();
  const observed = async (count: number): Promise<string[]> => {
    for (;;) {
      const { machines } = await cluster.scaler.observe(pool);
      const ready = machines.filter(({ state }) => state === 'ready');
      if (ready.length === count) return ready.map(({ worker }) => worker);
    }
  };
  const [leaving = '', staying = ''] = await observed(2);
  await cluster.scaler.working?.(pool, [staying]);
  await cluster.scaler.apply(pool, { count: 1, release: [leaving], keep: [staying] });
  cluster.api.controllers.settle();
  assert.deepEqual(await observed(1), [staying]);
  // One for another, which no number says.
  await cluster.scaler.apply(pool, { count: 1, release: [staying], keep: [] });

  const role = rendered(needed(), 'scaler').find(({ kind }) => kind === 'Role');
  const rules = (role?.['rules'] ?? []) as Rule[];
  const asked = new Set(cluster.api.requests.map(({ method, path, query }) => rightOf(method, path, query)));
  assert.ok(asked.size >= 5, [...asked].join());
  for (const right of asked)
    assert.ok(
      rules.some((rule) => gives(rule, right)),
      right,
    );
});

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

/** As `verb group/resource name`. */
function rightOf(method: string, path: string, query: Readonly<Record<string, string>>): string {
  const [, group = '', resource, name = '', part] =
    /^\/apis?(?:\/([a-z.]+))?\/v1\/namespaces\/work\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
  const reading = query['watch'] === undefined ? 'list' : 'watch';
  const verb = method === 'GET' ? (name === '' ? reading : 'get') : method.toLowerCase();
  return `${verb} ${group}/${resource}${part === undefined ? '' : `/${part}`} ${name}`;
}

function gives({ apiGroups, resources, resourceNames, verbs }: Rule, right: string): boolean {
  const [verb = '', resource = '', name = ''] = right.split(' ');
  const named = resources.some((one) => apiGroups.some((group) => `${group}/${one}` === resource));
  return named && verbs.includes(verb) && (resourceNames?.includes(name) ?? true);
}

test('what the guide shows is known to Kubernetes and KEDA, too', async () => {
  const shown = guideObjects();
  assert.deepEqual(
    shown.map(({ kind }) => kind),
    ['ScaledObject', 'ScaledObject', 'TriggerAuthentication'],
  );
  for (const object of shown) assert.deepEqual(await faultsOfObject(object), []);
});

test('helm finds nothing to complain about', options, () => {
  for (const values of exampleValues) needed().helm('lint', '--strict', chart, '-f', `${chart}/ci/${values}.yaml`);
});

/** Paths of all objects within, and its own, which is empty. */
function placesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, one]) => placesOf(one, `${path}/${key}`));
  return Array.isArray(value) ? inner : [path, ...inner];
}

function at(object: unknown, path: string): Record<string, unknown> {
  return path
    .split('/')
    .slice(1)
    .reduce<unknown>((found, key) => (found as Record<string, unknown>)[key], object) as Record<string, unknown>;
}

/** Without what only names the tool, and lists that are sets in the order of their names. */
function comparable(object: KubernetesObject): { key: string[]; object: unknown } {
  const bare = JSON.parse(JSON.stringify(object), (key, value: unknown) => {
    if (key === 'helm.sh/chart' || key === 'app.kubernetes.io/managed-by' || key === 'namespace') return undefined;
    const named =
      Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null && 'name' in one);
    return named ? (value as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1)) : value;
  }) as unknown;
  return { key: [object.kind, object.metadata.name], object: bare };
}
