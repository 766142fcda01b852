// Wall-clock time with fractions of a millisecond, comparable between the processes of one machine.

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
