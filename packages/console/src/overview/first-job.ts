// The first job of a newcomer, as commands that work when they are pasted into a shell. A test applies the file in it.

import { shellQuoted } from '../payload/snippets.ts';

export const firstJobFile = `jobs:
  - name: hello
    shell: { script: 'echo "Hello from $(hostname)"' }
    schedules:
      - { name: hello-often, cron: '*/10 * * * * *' }
`;

export function firstJob(namespace: string): string {
  return `cat > jobs.yaml <<'END'\n${firstJobFile}END\n${applyCommand(namespace)}`;
}

export function applyCommand(namespace: string): string {
  const where = namespace === 'default' ? '' : ` --namespace ${shellQuoted(namespace)}`;
  return `tidewheel apply -f jobs.yaml${where}`;
}

/** Two commands: a token for workers, and a worker that uses it. The token stays out of the list of processes. */
export function workerCommands(origin: string, namespace: string): string {
  const where = namespace === 'default' ? '' : ` --namespace ${shellQuoted(namespace)}`;
  const forWhom = namespace === 'default' ? '' : ` --for ${shellQuoted(namespace)}`;
  return [
    `export TIDEWHEEL_TOKEN=$(tidewheel token create my-worker --role worker${forWhom})`,
    `tidewheel worker --url ${shellQuoted(origin)}${where} --slots 8`,
  ].join('\n');
}
