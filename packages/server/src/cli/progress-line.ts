// How far something long has come: one line that is written over on a terminal, a line every now and then elsewhere.

import type { Terminal } from './terminal.ts';

const everyMs = { terminal: 100, pipe: 10_000 };

export class ProgressLine {
  readonly #terminal: Terminal;
  #shownMs = 0;
  #what = '';
  #open = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** `of`: 0 when nobody knows. */
  show(what: string, done: number, of: number): void {
    const { errIsTerminal } = this.#terminal;
    const now = this.#terminal.nowMs();
    const isNews = what !== this.#what || (of > 0 && done >= of);
    const restMs = errIsTerminal ? everyMs.terminal : everyMs.pipe;
    if (now - this.#shownMs < restMs && !(isNews && errIsTerminal)) return;
    this.#shownMs = now;
    this.#what = what;
    const share = of > 0 ? `${done.toLocaleString('en')} of ${of.toLocaleString('en')}` : done.toLocaleString('en');
    const text = `${what}: ${share}${of > 0 ? `, ${Math.floor((done / of) * 100)} %` : ''}`;
    this.#terminal.err(errIsTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    this.#open = errIsTerminal;
  }

  say(text: string): void {
    this.end();
    this.#terminal.err(`${text}\n`);
  }

  end(): void {
    if (this.#open) this.#terminal.err('\r\u001b[K');
    this.#open = false;
    this.#what = '';
  }
}
