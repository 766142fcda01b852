// Where the main thread stands, asked from another thread while the main loop is blocked: the debugger interrupts running
// JavaScript (endless loops, regular expressions, Atomics.wait). A report on a signal would not do, because its handler waits
// for the very loop that hangs. What blocks outside of JavaScript (execSync, a native call) cannot be interrupted: then the
// kernel is asked what the thread waits for.

import { readFileSync } from 'node:fs';
import { Session, type Debugger } from 'node:inspector';
import { fileURLToPath } from 'node:url';

const framesMost = 50;

export interface MainStack {
  readonly text: string;
  /** The main thread is held where it was found: until `release`, nothing of it goes on. */
  readonly held: boolean;
  release(): void;
}

/** Never rejects; answers within `withinMs`. */
export async function stackOfMain(withinMs: number): Promise<MainStack> {
  const session = new Session();
  const files = new Map<string, string>();
  const paused = Promise.withResolvers<Debugger.PausedEventDataType | null>();
  const timer = setTimeout(() => paused.resolve(null), withinMs);
  try {
    session.connectToMainThread();
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url));
    session.on('Debugger.paused', ({ params }) => paused.resolve(params));
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  } catch {
    // Node without an inspector, or somebody else holds it.
    paused.resolve(null);
  }
  const found = await paused.promise;
  clearTimeout(timer);
  const release = (): void => {
    session.post('Debugger.resume');
    session.post('Debugger.disable');
    session.disconnect();
  };
  if (found !== null) {
    const frames = found.callFrames.slice(0, framesMost);
    const text = frames.map((frame) => frameText(frame, files)).join('\n');
    return { text, held: true, release };
  }
  session.disconnect();
  return { text: `    blocked outside JavaScript${kernelWait()}`, held: false, release: () => undefined };
}

function frameText({ functionName, location }: Debugger.CallFrame, files: ReadonlyMap<string, string>): string {
  const place = `${fileOf(files.get(location.scriptId) ?? '')}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
  return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`;
}

function fileOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}

/** Linux only; the main thread's id is that of the process. */
function kernelWait(): string {
  try {
    const place = readFileSync(`/proc/self/task/${process.pid}/wchan`, 'latin1').trim();
    return place === '' || place === '0' ? '' : `, in the kernel at ${place}`;
  } catch {
    return '';
  }
}

/** How long the main thread has waited for a processor, in total; null where the kernel does not count it. */
export function mainStarvedMs(): number | null {
  try {
    const [, waited = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return waited === '' ? null : Number(waited) / 1e6;
  } catch {
    return null;
  }
}
