// Files that declare jobs, calendars and pools: YAML or JSON, one job per document, or lists under `jobs:`, `calendars:` and `pools:`,
// several documents per file.
// Every fault is given with file, line and column, also those that a server finds later and names by JSON pointer,
// because the manifest remembers which node of which file each value came from.

import {
  calendarDefinitionSchema,
  type CalendarInput,
  type Fault,
  type JobInput,
  jobDefinitionSchema,
  limits,
  poolDefinitionSchema,
  type PoolInput,
  Refusal,
} from '@tidewheel/protocol';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml';
import { type Path, placedIssues, pointerOf, pointerPath } from './manifest-issues.ts';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A fault with the file it stands in and the text of its line. */
export interface PlacedFault extends Fault {
  readonly file: string;
  readonly excerpt: string;
}

export interface Manifest {
  readonly jobs: readonly JobInput[];
  readonly calendars: readonly CalendarInput[];
  readonly pools: readonly PoolInput[];
  /** Adds file, line and column to faults that point into `{ jobs, calendars, pools }`. */
  place(faults: readonly Fault[]): (Fault | PlacedFault)[];
}

interface OpenFile {
  readonly source: SourceFile;
  readonly lines: LineCounter;
}
/** Where a job, a calendar or a pool was declared. */
interface Origin {
  readonly file: OpenFile;
  readonly document: Document;
  readonly path: Path;
}

const kinds = ['jobs', 'calendars', 'pools'] as const;
type Kind = (typeof kinds)[number];
const schemas = {
  jobs: jobDefinitionSchema,
  calendars: calendarDefinitionSchema,
  pools: poolDefinitionSchema,
} as const;
type Origins = Record<Kind, Origin[]>;

/** Throws INVALID_FILE with every fault of every file, when there is one. */
export function readManifest(files: readonly SourceFile[]): Manifest {
  const faults: PlacedFault[] = [];
  const origins: Origins = { jobs: [], calendars: [], pools: [] };
  for (const source of files) {
    const file = { source, lines: new LineCounter() };
    const documents = parseAllDocuments(source.text, { lineCounter: file.lines, merge: true, uniqueKeys: true });
    for (const document of Array.isArray(documents) ? documents : []) {
      const broken = [...syntaxFaults(document, file), ...valueFaults(document, file)];
      faults.push(...broken);
      if (broken.length === 0) collectDeclared(document, file, origins, faults);
    }
  }
  const declared = {
    jobs: origins.jobs.map(plainValue),
    calendars: origins.calendars.map(plainValue),
    pools: origins.pools.map(plainValue),
  };
  for (const kind of kinds) {
    origins[kind].forEach((origin, index) => {
      for (const issue of placedIssues(schemas[kind], declared[kind][index])) {
        const at = place(origin, issue.path, issue.atKey);
        faults.push({ pointer: pointerOf([kind, index, ...issue.path]), detail: issue.detail, ...at });
      }
    });
  }
  const jobs = declared.jobs as JobInput[];
  const calendars = declared.calendars as CalendarInput[];
  const pools = declared.pools as PoolInput[];
  if (faults.length === 0) faults.push(...duplicates({ jobs, calendars, pools }, origins));
  if (faults.length > 0) throw refuse(faults, files.length);

  return {
    jobs,
    calendars,
    pools,
    place: (found) =>
      found.map((fault) => {
        const [first, index, ...rest] = pointerPath(fault.pointer);
        const kind = kinds.find((one) => one === first);
        const origin = kind === undefined ? undefined : origins[kind][Number(index)];
        return origin === undefined ? fault : { ...fault, ...place(origin, rest, false) };
      }),
  };
}

/** In reading order, and one fault per place: a value that is wrong in two ways is mended once. */
function refuse(found: readonly PlacedFault[], fileCount: number): Refusal {
  const order = (a: PlacedFault, b: PlacedFault) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  const files = [...new Set(found.map((fault) => fault.file))];
  const faults = files
    .flatMap((file) => found.filter((fault) => fault.file === file).toSorted(order))
    .filter(
      (fault, index, all) =>
        index === 0 || fault.file !== all[index - 1]?.file || order(fault, all[index - 1] ?? fault) !== 0,
    );
  const many = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const where = fileCount === 1 ? (faults[0]?.file ?? '') : `${files.length} of ${fileCount} files`;
  return new Refusal('INVALID_FILE', `${many} in ${where}`, { faults });
}

function syntaxFaults(document: Document, file: OpenFile): PlacedFault[] {
  // What follows the first error of a document is mostly its consequence.
  return [...document.errors.slice(0, 1), ...document.warnings].map((error) => ({
    pointer: '',
    // The library repeats place and excerpt after the first line; they are shown from the fields here.
    detail: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
    ...placeAt(file, error.pos[0]),
  }));
}

/** Values that JSON cannot carry unchanged; found here because later they would differ silently. */
function valueFaults(document: Document, file: OpenFile): PlacedFault[] {
  const faults: PlacedFault[] = [];
  visit(document, {
    Scalar: (_key, node) => {
      const { value } = node;
      const whole = typeof value === 'number' && /^[+-]?\d+$/.test(node.source ?? '');
      const detail =
        typeof value === 'number' && !Number.isFinite(value)
          ? 'not a number that JSON knows'
          : whole && !Number.isSafeInteger(value)
            ? 'the number is too large to be exact; put it in quotes'
            : undefined;
      if (detail !== undefined) faults.push({ pointer: '', detail, ...placeAt(file, node.range?.[0] ?? 0) });
    },
  });
  return faults;
}

/** Appends what one document declares, in order, to `origins`. */
function collectDeclared(document: Document, file: OpenFile, origins: Origins, faults: PlacedFault[]): void {
  const content = document.contents;
  if (content === null || (isScalar(content) && content.value === null)) return;
  const complain = (detail: string, node: unknown) => {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    faults.push({ pointer: '', detail, ...placeAt(file, offset) });
  };
  if (!isMap(content))
    return complain('a document is one job, or has lists under `jobs:`, `calendars:` and `pools:`', content);
  if (!kinds.some((kind) => content.has(kind)) || (!content.has('jobs') && content.has('name'))) {
    origins.jobs.push({ file, document, path: [] });
    return;
  }
  for (const pair of content.items) {
    const key = isScalar(pair.key) ? pair.key.value : null;
    if (!kinds.some((kind) => kind === key))
      complain('beside `jobs`, `calendars` and `pools` nothing else may stand', pair.key);
  }
  for (const kind of kinds) {
    if (!content.has(kind)) continue;
    const list = content.get(kind, true);
    if (isSeq(list)) list.items.forEach((_item, index) => origins[kind].push({ file, document, path: [kind, index] }));
    else complain(`\`${kind}\` is a list`, list ?? content);
  }
}

function plainValue(origin: Origin): unknown {
  let value: unknown;
  try {
    value = origin.document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    const fault = {
      pointer: '',
      detail: error instanceof Error ? error.message : String(error),
      ...placeAt(origin.file, 0),
    };
    throw refuse([fault], 1);
  }
  for (const part of origin.path) value = (value as Record<string | number, unknown>)[part];
  return value;
}

function duplicates({ jobs, calendars, pools }: Omit<Manifest, 'place'>, origins: Origins): PlacedFault[] {
  const faults: PlacedFault[] = [];
  const seen = new Map<string, PlacedFault>();
  const check = (word: string, name: string, kind: Kind, index: number, path: Path) => {
    const origin = origins[kind][index];
    if (origin === undefined) return;
    const here = { pointer: pointerOf([kind, index, ...path]), detail: '', ...place(origin, path, false) };
    const first = seen.get(`${word} ${name}`);
    if (first === undefined) seen.set(`${word} ${name}`, here);
    else
      faults.push({
        ...here,
        detail: `the ${word} "${name}" stands twice; first at ${first.file}:${first.line}:${first.column}`,
      });
  };
  calendars.forEach((calendar, index) => check('calendar', calendar.name, 'calendars', index, ['name']));
  pools.forEach((pool, index) => check('pool', pool.name, 'pools', index, ['name']));
  jobs.forEach((job, index) => {
    check('job', job.name, 'jobs', index, ['name']);
    job.schedules?.forEach((schedule, at) =>
      check('schedule', schedule.name, 'jobs', index, ['schedules', at, 'name']),
    );
  });
  return faults;
}

type Position = Pick<PlacedFault, 'file' | 'line' | 'column' | 'excerpt'>;

/** Follows `path` into the document as far as it goes; what is missing is placed at the last key that exists. */
function place(origin: Origin, path: Path, atKey: boolean): Position {
  let node: unknown = origin.document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  const parts = [...origin.path, ...path];
  for (const [depth, part] of parts.entries()) {
    if (isAlias(node)) node = node.resolve(origin.document);
    const last = depth === parts.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && String(isScalar(item.key) ? item.key.value : item.key) === String(part),
      );
      if (pair === undefined) break;
      const key = start(pair.key);
      node = pair.value;
      // A scalar is blamed itself; a collection by its key, which is where the eye looks for it.
      offset = (last && isScalar(node) && !atKey ? start(node) : key) ?? offset;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      if (item === undefined) break;
      node = item;
      offset = start(item) ?? offset;
    } else break;
  }
  return placeAt(origin.file, offset);
}

function start(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

function placeAt(file: OpenFile, offset: number): Position {
  const { line, col } = file.lines.linePos(offset);
  const excerpt = file.source.text.split('\n', Math.max(1, line))[Math.max(1, line) - 1] ?? '';
  return {
    file: file.source.path,
    line: Math.max(1, line),
    column: Math.max(1, col),
    excerpt: excerpt.replace(/\r$/, ''),
  };
}

/** Bounds of what is read; larger declarations belong into several applies. */
export const manifestLimits = { files: 1000, fileBytes: limits.bodyBytes, depth: 8 } as const;
