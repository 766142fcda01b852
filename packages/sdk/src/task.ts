// A task: a function with a stable id that workers run as a job. Callers see the schema's input type, `run` sees its output
// type; values are checked when a run is triggered and again before it runs, because old payloads outlive new code.

import { faultsOf, jobDefinitionSchema, nameSchema, Refusal, type JobInput } from '@tidewheel/protocol';
import { jsonSchemaOf, type AnySchema, type JsonSchema, type SchemaInput, type SchemaOutput } from './schema.ts';

/** What a run is, for logs and for fencing: `attemptId` is new for each try, `runId` is the same for all of them. */
export interface RunContext {
  readonly runId: string;
  /** From 1. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** The fence: give it along to whatever must refuse a late writer. */
  readonly attemptId: string;
  readonly namespace: string;
  readonly job: string;
  /** The schedule that fired it, or null. */
  readonly schedule: string | null;
  /** The nominal time, ms since 1970, for runs of a schedule. */
  readonly fireAt: number | null;
  /** The nominal times before and after it: the interval that the run is for. Null where there is none. */
  readonly previousFireAt: number | null;
  readonly nextFireAt: number | null;
  /** A sign of progress. Without one (or a line in the log) for longer than `timeout.heartbeat`, the attempt is timed out. */
  heartbeat(): void;
  /** A heartbeat that says how far it has come, `done` from 0 to 1: a line in the log for every percent, and every new message. */
  progress(done: number, message?: string): void;
}

/** Lines go to the run's log, in order. Values are written as console.log writes them. */
export interface TaskLog {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

export interface TaskArguments<Input> {
  readonly input: Input;
  readonly ctx: RunContext;
  /** Aborted when the run is canceled, times out, or is no longer this worker's. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
}

type Retry = NonNullable<JobInput['retry']>;
type Timeout = NonNullable<JobInput['timeout']>;

export interface TaskSettings {
  /** Tries together, or all of the retry rule. */
  retry?: number | Retry | undefined;
  /** Of one attempt (`'5m'`), or all of the timeouts. */
  timeout?: string | number | Timeout | undefined;
  queue?: string | undefined;
  priority?: number | undefined;
  description?: string | undefined;
  /** Labels that a worker must carry. */
  selector?: Record<string, string> | undefined;
  delivery?: JobInput['delivery'] | undefined;
  /** For schemas that cannot tell their JSON Schema (valibot) or should show another one in forms. */
  inputJsonSchema?: JsonSchema | undefined;
  /** Yours: carried on the task, not interpreted. */
  version?: string | undefined;
}

const brand = Symbol.for('tidewheel.task');

/** `Input` is what callers give, `Output` what they get. */
export interface Task<Input = unknown, Output = unknown> {
  readonly id: string;
  readonly version: string | undefined;
  /** The job that registers this task. */
  readonly definition: JobInput;
  readonly input: AnySchema | undefined;
  readonly output: AnySchema | undefined;
  run(task: TaskArguments<never>): unknown;
  readonly [brand]: true;
  /** Types only; never there. */
  readonly '~types'?: { input: Input; output: Output };
}

export type TaskInput<T extends Task> = NonNullable<T['~types']>['input'];
export type TaskOutput<T extends Task> = NonNullable<T['~types']>['output'];

interface TaskOptions<In extends AnySchema, Out extends AnySchema, Result> extends TaskSettings {
  /** A stable name, not a file name: runs refer to it for as long as they are kept. */
  id: string;
  input?: In;
  output?: Out;
  run(task: TaskArguments<SchemaOutput<In>>): Result | Promise<Result>;
}

/** With an output schema: `run` gives the schema's input, callers get its output. */
export function task<In extends AnySchema = AnySchema, Result = unknown>(
  options: TaskOptions<In, AnySchema, Result> & { output?: undefined },
): Task<SchemaInput<In>, Result>;
export function task<In extends AnySchema = AnySchema, Out extends AnySchema = AnySchema>(
  options: TaskOptions<In, Out, SchemaInput<Out>> & { output: Out },
): Task<SchemaInput<In>, SchemaOutput<Out>>;
export function task(options: TaskOptions<AnySchema, AnySchema, unknown>): Task {
  const { id, input, output, version } = options;
  const named = nameSchema.safeParse(id);
  if (!named.success)
    throw new Refusal('VALIDATION_FAILED', `"${id}" cannot be a task's id`, {
      faults: faultsOf(named.error.issues, '/id'),
    });
  const definition = definitionOf(options);
  const checked = jobDefinitionSchema.safeParse(definition);
  if (!checked.success) {
    throw new Refusal('VALIDATION_FAILED', `the task "${id}" is not well defined`, {
      faults: faultsOf(checked.error.issues),
    });
  }
  return { id, version, definition, input, output, run: options.run, [brand]: true };
}

export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && brand in value;
}

function definitionOf(options: TaskOptions<AnySchema, AnySchema, unknown>): JobInput {
  const { id, retry, timeout, queue, priority, description, selector, delivery, input } = options;
  const inputSchema = options.inputJsonSchema ?? (input === undefined ? undefined : jsonSchemaOf(input));
  const definition: Record<string, unknown> = {
    name: id,
    task: id,
    retry: typeof retry === 'number' ? { attempts: retry } : retry,
    timeout: typeof timeout === 'object' || timeout === undefined ? timeout : { run: timeout },
    queue,
    priority,
    description,
    selector,
    delivery,
    inputSchema,
  };
  const given = Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined));
  return given as unknown as JobInput;
}
