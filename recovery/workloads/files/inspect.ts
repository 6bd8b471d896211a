/** Do the folders exist, do they hold as much as they did, and does their YAML and JSON still parse. */
import { readFile, stat } from 'node:fs/promises';
import { extname, relative } from 'node:path';
import pMap from 'p-map';
import { parseAllDocuments } from 'yaml';
import type { Workload } from '../../../plan/types.ts';
import { ifAbsent } from '../../core/absent.ts';
import { codeOf, hasCode, messageOf } from '../../core/errors.ts';
import { followLinks } from '../../core/links.ts';
import type { ResticCapture } from '../../points/point.ts';
import { formatBytes, plural } from '../../report/format.ts';
import { dataBelow } from '../lay-down.ts';
import type { FolderFinding } from '../workload.ts';

/** Fewer files than this part of the captured ones is a loss, not a day's change. */
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

/** The files of a folder with their sizes; a fact for each that is not what its name says. */
export type FindProblems = (question: FolderQuestion, files: readonly FoundFile[]) => Promise<string[]>;

interface FoundFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
}

export async function inspectFolder(question: FolderQuestion, findProblems: FindProblems): Promise<FolderFinding> {
  const { workload, path, before } = question;
  const finding = (state: FolderFinding['state'], ...facts: string[]): FolderFinding => ({
    workload: workload.id,
    path,
    state,
    facts,
  });
  const had =
    before === undefined || before.objects === 0 ? '' : `; the last capture has ${plural(before.objects, 'file')}`;
  let files: Buffer[];
  try {
    files = await filesBelow(path);
  } catch (error) {
    const gone = hasCode(error, 'ENOENT', 'ENOTDIR');
    return finding(gone ? 'missing' : 'unknown', `${path}: ${codeOf(error)}${had}`);
  }
  if (files.length === 0)
    return before?.objects === 0
      ? finding('well', `${path} is empty, as it was`)
      : finding('empty', `${path} is empty${had}`);
  const found = await pMap(files, async (file) => ({ path: file.toString(), bytes: await sizeOf(file) }), {
    concurrency: 32,
  });
  const bytes = found.reduce((sum, file) => sum + file.bytes, 0);
  const count = `${plural(files.length, 'file')}, ${formatBytes(bytes)}`;
  if (before !== undefined && files.length < before.objects * LEAST_PART)
    return finding('damaged', `${path} has ${count}${had}`);
  const broken = await findProblems({ ...question, path: await followLinks(path) }, found);
  return broken.length > 0 ? finding('damaged', ...broken) : finding('well', count);
}

async function sizeOf(file: Buffer): Promise<number> {
  // Removed while the folder was read.
  return stat(file).then((found) => found.size, ifAbsent(0));
}

async function filesBelow(path: string): Promise<Buffer[]> {
  const files: Buffer[] = [];
  // A link that was to hold the data counts as what it leads to.
  for await (const entry of dataBelow(await followLinks(path))) if (entry.kind !== 'folder') files.push(entry.path);
  return files;
}

/** Configuration that is no YAML or JSON although its name says so. */
export const documentProblems: FindProblems = async ({ workload, path }, files) => {
  if (workload.dataClass !== 'configuration') return [];
  const small = files.filter(({ bytes }) => bytes <= PARSE_UP_TO_BYTES);
  const problems = (await pMap(small, (file) => parseProblem(file.path), { concurrency: 16 })).flatMap((problem, n) =>
    problem === undefined ? [] : [`${relative(path, small[n]?.path ?? '')}: ${problem}`],
  );
  const more = problems.length - SHOWN;
  return more > 0 ? [...problems.slice(0, SHOWN), `and ${plural(more, 'file')} more`] : problems;
};

/** Undefined when the file is what its name says. Without a repair by guessing: an empty manifest is a lost one. */
async function parseProblem(file: string): Promise<string | undefined> {
  const kind = extname(file).toLowerCase();
  if (kind !== '.json' && kind !== '.yaml' && kind !== '.yml') return undefined;
  let text: string | undefined;
  try {
    text = await readFile(file, 'utf8').catch(ifAbsent(undefined));
  } catch (error) {
    return `can't be read (${codeOf(error)})`;
  }
  if (text === undefined) return undefined;
  if (text.trim() === '') return 'is empty';
  return kind === '.json' ? jsonProblem(text) : yamlProblem(text);
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return firstLine(messageOf(error));
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
