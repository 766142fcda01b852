// What the READMEs say can be pasted: their blocks are taken out of them and run, as they stand, in a directory that looks like a
// checkout. Only the address is another, because the default port may be taken.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findOrInstall } from './support/apt.ts';
import { cleanEnvironment, Dev, eventually, repositoryRoot, scratch } from './support/tidewheel.ts';

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const markdown = readFileSync(join(repositoryRoot, page), 'utf8');
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));
}

/** The only block of this language with this in it. */
function blockWith(page: string, language: string, part: string): string {
  const found = blocksOf(page).filter((block) => block.language === language && block.text.includes(part));
  assert.equal(found.length, 1, `${page}: ${found.length} blocks of ${language} with ${part}`);
  return found[0]?.text ?? '';
}

/** A directory with what commands need of a checkout, and the data of a running server where `npm start` keeps it. */
function checkoutAround(context: TestContext): string {
  const directory = scratch(context);
  for (const name of ['package.json', 'packages', 'node_modules']) {
    symlinkSync(join(repositoryRoot, name), join(directory, name));
  }
  return directory;
}

function ensureCurl(): void {
  findOrInstall('curl', ['curl'], () =>
    (process.env['PATH'] ?? '').split(delimiter).find((folder) => {
      try {
        accessSync(join(folder, 'curl'), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

interface Pasted {
  /** When it and all that it started are over. */
  readonly outcome: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** To everything that it started, as a terminal does. */
  signal(signal: NodeJS.Signals): void;
}

function paste(text: string, checkout: string, address: string): Pasted {
  const child = spawn('sh', ['-c', text.replaceAll('http://127.0.0.1:7070', address)], {
    cwd: checkout,
    env: cleanEnvironment({ TIDEWHEEL_URL: address, npm_config_update_notifier: 'false' }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return {
    outcome: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    }),
    signal: (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
  };
}

for (const page of ['README.md', 'README.zh-CN.md']) {
  test(`the three first jobs of ${page} work as they are pasted`, { timeout: 90_000 }, async (context) => {
    ensureCurl();
    const checkout = checkoutAround(context);
    const dev = await Dev.start(join(checkout, '.tidewheel'));
    context.after(() => dev.end('SIGKILL'));
    const { client } = dev;
    const { url } = dev.access;
    const pasted = (part: string): Pasted => {
      const running = paste(blockWith(page, 'sh', part), checkout, url);
      context.after(() => running.signal('SIGKILL'));
      return running;
    };

    writeFileSync(join(checkout, 'jobs.yaml'), blockWith(page, 'yaml', '# jobs.yaml'));
    const declared = await pasted('plan -f jobs.yaml').outcome;
    assert.equal(declared.code, 0, declared.stderr);
    assert.match(declared.stdout, /^\+ job report\n\+ schedule report-nightly\n2 to create\n/);
    assert.equal((await client.schedules.get('report-nightly')).definition['timezone'], 'Asia/Shanghai');

    const answers: { runId: string; created: boolean }[] = [];
    for (let time = 0; time < 2; time += 1) {
      const { code, stdout, stderr } = await pasted('curl -X POST').outcome;
      assert.equal(code, 0, stderr);
      answers.push(JSON.parse(stdout) as { runId: string; created: boolean });
    }
    assert.deepEqual(
      answers.map(({ created }) => created),
      [true, false],
    );
    assert.equal(answers[0]?.runId, answers[1]?.runId);
    await eventually('the report is there', async () => {
      const { state } = await client.runs.get(answers[0]?.runId ?? '');
      return state === 'succeeded';
    });

    writeFileSync(join(checkout, 'resize.ts'), blockWith(page, 'ts', '// resize.ts'));
    const resizer = pasted('resize.ts');
    const resized = await eventually('the task is registered', () =>
      client.trigger('image.resize', { url: 'https://example.com/b.png' }).catch(() => undefined),
    );
    assert.deepEqual((await resized.finished({ timeoutMs: 20_000 })).output, { key: 'resized/1' });
    assert.equal((await client.schedules.get('resize-nightly')).job, 'image.resize');
    resizer.signal('SIGINT');
    assert.match((await resizer.outcome).stderr, /draining/);

    const audit = await pasted('audit fires').outcome;
    assert.equal(audit.code, 0, audit.stderr);
  });
}

test('both READMEs say the same commands', () => {
  const commands = (page: string) => blocksOf(page).filter(({ language }) => language === 'sh');
  assert.deepEqual(commands('README.zh-CN.md'), commands('README.md'));
});
