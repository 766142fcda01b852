// The I/O thread of a worker: the session and its socket live here, so that heartbeats go on whatever the main loop does.
// What the session wants done is posted to the main thread. One thing is done here when the main loop hangs: the process
// groups of abandoned attempts are killed, because the lease's margin does not wait.

import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { AttemptUsage } from '@tidewheel/protocol';
import type { AttemptResult } from '../worker/attempts.ts';
import { WorkerSession } from '../worker/session.ts';
import type { Runner, SessionEnd, WorkerLog } from '../worker/session-ports.ts';
import { workerLimits } from '../worker/worker-limits.ts';
import { attemptMarker } from './executors/shell-environment.ts';
import { HangGuard } from './hang-guard.ts';
import { Batch, type ThreadData, type ThreadEnd, type ToIo, type ToMain } from './io-messages.ts';
import { signalTree } from './process-tree.ts';
import { PulseReader } from './pulse.ts';
import { SocketTransport } from './socket-transport.ts';
import { UsageMeter } from './usage-meter.ts';
import { NotesPipe } from './supervision/supervisor-notes.ts';
import { systemClock, systemRandom } from './system-clock.ts';

function run(port: NonNullable<typeof parentPort>, data: ThreadData): void {
  const toMain = new Batch<ToMain>((messages) => port.postMessage(messages));
  const pulse = new PulseReader(data.pulse);
  const usage = new UsageMeter();
  const groups = new Map<string, number>();

  const runner: Runner = {
    start: (assign) => {
      guard.tellAlive();
      toMain.add({ type: 'start', assign });
    },
    cancel: (attemptId, reason, graceMs) => toMain.add({ type: 'cancel', attemptId, reason, graceMs }),
    abandon(attemptId) {
      toMain.add({ type: 'abandon', attemptId });
      // The main thread does it at the end of the grace; a little before the last moment it is done for it.
      const mostMs = workerLimits.abandonGraceMs + workerLimits.abandonKillMs / 2;
      if (groups.has(attemptId)) systemClock.timer(mostMs, () => void kill(attemptId));
    },
    mainSeq: () => pulse.seq,
    stats: () => ({ ...usage.take(), loopLagMs: pulse.takeLagMs() }),
  };
  const kill = async (attemptId: string): Promise<void> => {
    const group = groups.get(attemptId);
    if (group !== undefined) await signalTree({ group, marker: attemptMarker(attemptId) }, 'SIGKILL');
  };

  const transport = new SocketTransport(data);
  const { settings } = data;
  const session = new WorkerSession({
    clock: systemClock,
    random: systemRandom,
    transport,
    runner,
    settings,
    log: noteTo(toMain),
  });
  const notes: NotesPipe | null = data.notesFd === null ? null : new NotesPipe(data.notesFd, () => guard.orphaned());
  const guard = new HangGuard({
    onHang: data.onHang,
    pulse,
    notes,
    session: () => (session.welcomed ? session.incarnation : null),
    killAttempts: async () => {
      await Promise.all([...groups.keys()].map(kill));
    },
  });
  port.on('message', (messages: ToIo[]) => {
    for (const message of messages) {
      if (message.type === 'spawned' || message.type === 'gone') notes?.tell(message);
      take(message, session, groups, usage);
    }
  });
  session.start().then(
    () => toMain.add({ type: 'welcomed' }),
    // Said by `closed`, with the reason.
    () => undefined,
  );
  void session.closed.then(async (end) => {
    await transport.settled();
    guard.stop();
    usage.stop();
    notes?.tell({ type: 'closed', how: end.kind });
    toMain.add({ type: 'closed', end: endOf(end) });
  });
}

function take(message: ToIo, session: WorkerSession, groups: Map<string, number>, usage: UsageMeter): void {
  switch (message.type) {
    case 'started':
      session.started(message.attemptId);
      return;
    case 'log':
      session.log(message.attemptId, message.stream, message.offsetMs, message.text);
      return;
    case 'result':
      session.result(withUsage(message.result, usage.takeAttempt(message.result.attemptId)));
      return;
    case 'spawned':
      groups.set(message.attemptId, message.pid);
      usage.spawned(message.attemptId, message.pid);
      return;
    case 'gone':
      groups.delete(message.attemptId);
      usage.gone(message.attemptId);
      return;
    case 'drain':
      void session.drain();
      return;
    case 'stop':
      void session.stop();
      return;
  }
}

function withUsage(result: AttemptResult, usage: AttemptUsage | undefined): AttemptResult {
  return usage === undefined ? result : { ...result, usage };
}

function noteTo(toMain: Batch<ToMain>): WorkerLog {
  const note =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      toMain.add({ type: 'note', level, message, fields: { ...fields } });
  return { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
}

function endOf(end: SessionEnd): ThreadEnd {
  return end.kind === 'refused' ? { kind: 'refused', code: end.refusal.code, detail: end.refusal.message } : end;
}

if (isMainThread || parentPort === null) throw new Error('io-thread is started by the worker, as a thread');
run(parentPort, workerData as ThreadData);
