/** Are the folders of the file workloads there, as full as they were, and do what should be YAML or JSON still parse. */
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import pMap from 'p-map';
import { parseAllDocuments } from 'yaml';
import type { Workload } from '../../../plan/types.ts';
import type { ResticCapture } from '../../points/point.ts';
import { formatBytes, plural } from '../../report/format.ts';
import { imageProblems } from '../images/oci.ts';
import type { FileState } from '../workload.ts';

export interface FolderFinding {
  readonly workload: string;
  readonly path: string;
  readonly state: FileState;
  readonly facts: readonly string[];
}

/** Fewer files than this part of what was captured is a loss, not a day's change. */
const LEAST_PART = 0.5;
/** Larger ones are data that happens to end in .json. */
const PARSE_UP_TO_BYTES = 4 * 1024 * 1024;
const SHOWN = 5;

export interface FolderQuestion {
  readonly workload: Workload;
  readonly path: string;
  /** The newest capture of this workload, for comparison. */
  readonly before: Pick<ResticCapture, 'objects' | 'bytes'> | undefined;
}

export async function inspectFolder({ workload, path, before }: FolderQuestion): Promise<FolderFinding> {
  const finding = (state: FolderFinding['state'], ...facts: string[]): FolderFinding => ({
    workload: workload.id,
    path,
    state,
    facts,
  });
  const had =
    before === undefined || before.objects === 0 ? '' : `; the last capture has ${plural(before.objects, 'file')}`;
  let files: string[];
  try {
    files = await filesBelow(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return finding(code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unknown', `${path}: ${code}${had}`);
  }
  if (files.length === 0)
    return before?.objects === 0
      ? finding('well', `${path} is empty, as it was`)
      : finding('empty', `${path} is empty${had}`);
  const sizes = await pMap(files, async (file) => (await stat(file).catch(() => undefined))?.size ?? 0, {
    concurrency: 32,
  });
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const count = `${plural(files.length, 'file')}, ${formatBytes(bytes)}`;
  if (before !== undefined && files.length < before.objects * LEAST_PART)
    return finding('damaged', `${path} has ${count}${had}`);
  const broken = await contentProblems(workload, path, files, sizes);
  return broken.length > 0 ? finding('damaged', ...broken) : finding('well', count);
}

async function filesBelow(path: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(path, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

async function contentProblems(
  workload: Workload,
  path: string,
  files: readonly string[],
  sizes: readonly number[],
): Promise<string[]> {
  if (workload.type === 'images') return imageProblems(path);
  if (workload.dataClass !== 'configuration') return [];
  const small = files.filter((_, n) => (sizes[n] ?? 0) <= PARSE_UP_TO_BYTES);
  const problems = (await pMap(small, (file) => parseProblem(file), { concurrency: 16 })).flatMap((problem, n) =>
    problem === undefined ? [] : [`${relative(path, small[n] ?? '')}: ${problem}`],
  );
  const more = problems.length - SHOWN;
  return more > 0 ? [...problems.slice(0, SHOWN), `and ${plural(more, 'file')} more`] : problems;
}

/** Undefined when the file is what its name says. Without a repair by guessing: an empty manifest is a lost one. */
async function parseProblem(file: string): Promise<string | undefined> {
  const kind = extname(file).toLowerCase();
  if (kind !== '.json' && kind !== '.yaml' && kind !== '.yml') return undefined;
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  if (text.trim() === '') return 'is empty';
  return kind === '.json' ? jsonProblem(text) : yamlProblem(text);
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return firstLine((error as Error).message);
  }
}

function yamlProblem(text: string): string | undefined {
  // Custom tags (`!vault`) are the application's own affair.
  const documents = parseAllDocuments(text, { prettyErrors: false, logLevel: 'error' });
  const list = Array.isArray(documents) ? documents : [];
  const [error] = list.flatMap((document) => document.errors);
  if (error !== undefined) return firstLine(error.message);
  const scalar = list.some((document) => typeof document.toJS() === 'string');
  return scalar ? 'holds bare text where an object should be' : undefined;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
