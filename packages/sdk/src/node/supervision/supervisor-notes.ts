// What a supervised worker tells its supervisor: lines of JSON through a pipe, written by the I/O thread, so that they come
// whatever the main loop does. The pipe is a lifeline too: when its other end closes, the supervisor is gone.

import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { workerLimits } from '../../worker/worker-limits.ts';

export type SupervisorNote =
  /** Every second, and at once when the session changes. Null: no master has welcomed the worker yet. */
  | { type: 'alive'; session: string | null }
  /** An attempt runs as this process group. */
  | { type: 'spawned'; attemptId: string; pid: number }
  | { type: 'gone'; attemptId: string }
  /** The main loop hangs. Where it was found it is held, so that nothing goes on until the process is ended. */
  | { type: 'hung'; frozenMs: number; stack: string }
  /** The session has ended as it should. */
  | { type: 'closed'; how: 'drained' | 'stopped' | 'refused' };

export class NotesPipe {
  readonly #socket: Socket;

  /** `cut` is called once, when nobody reads any more. */
  constructor(fd: number, cut: () => void) {
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.once('close', cut);
    this.#socket.resume();
  }

  tell(note: SupervisorNote): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`${JSON.stringify(note)}\n`);
    if (this.#socket.writableLength > workerLimits.notesWaitingBytes) this.#socket.destroy();
  }
}

/** The supervisor's end. A line that is no note was cut by the worker's death, or written by user code: it says nothing. */
export function readNotes(pipe: Readable, heard: (note: SupervisorNote) => void): void {
  createInterface({ input: pipe }).on('line', (line) => {
    try {
      const note = JSON.parse(line) as SupervisorNote | null;
      if (typeof note === 'object' && typeof note?.type === 'string') heard(note);
    } catch {
      return;
    }
  });
}
