// The ends of running runs, the earliest first: a binary heap in plain columns.

export interface RunEnd {
  readonly at: number;
  readonly run: number;
  readonly machine: number;
}

export class RunEnds {
  #at = new Float64Array(1024);
  #run = new Int32Array(1024);
  #machine = new Int32Array(1024);
  #size = 0;

  /** Infinity when nothing runs. */
  get next(): number {
    return this.#size === 0 ? Infinity : (this.#at[0] ?? Infinity);
  }

  push(end: RunEnd): void {
    if (this.#size === this.#at.length) this.#grow();
    let place = this.#size;
    this.#size += 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if ((this.#at[above] ?? 0) <= end.at) break;
      this.#move(above, place);
      place = above;
    }
    this.#put(place, end);
  }

  /** Only when there is one. */
  pop(): RunEnd {
    const first = this.#get(0);
    this.#size -= 1;
    const last = this.#get(this.#size);
    let place = 0;
    for (let below = 1; below < this.#size; below = 2 * place + 1) {
      if (below + 1 < this.#size && (this.#at[below + 1] ?? 0) < (this.#at[below] ?? 0)) below += 1;
      if ((this.#at[below] ?? 0) >= last.at) break;
      this.#move(below, place);
      place = below;
    }
    this.#put(place, last);
    return first;
  }

  #get(place: number): RunEnd {
    return { at: this.#at[place] ?? 0, run: this.#run[place] ?? 0, machine: this.#machine[place] ?? 0 };
  }

  #put(place: number, { at, run, machine }: RunEnd): void {
    this.#at[place] = at;
    this.#run[place] = run;
    this.#machine[place] = machine;
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from] ?? 0;
    this.#run[to] = this.#run[from] ?? 0;
    this.#machine[to] = this.#machine[from] ?? 0;
  }

  #grow(): void {
    const wider = <Column extends Float64Array | Int32Array>(empty: Column, column: Column): Column => {
      empty.set(column);
      return empty;
    };
    const length = this.#at.length * 2;
    this.#at = wider(new Float64Array(length), this.#at);
    this.#run = wider(new Int32Array(length), this.#run);
    this.#machine = wider(new Int32Array(length), this.#machine);
  }
}
