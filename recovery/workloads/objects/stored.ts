/** The stored form: a file an object in `<kind>/<namespace>/<name>.json`, and an index that says what must be there. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pMap from 'p-map';
import { z } from 'zod';
import { OBJECT_PARTS, type ObjectPart } from '../../../plan/types.ts';
import { type DrError, messageOf, verificationFailed } from '../../core/errors.ts';
import { writeFile } from '../../core/files/writes.ts';
import { fieldsOf, groupOf, type KubeObject, kindName, kindOf, listOf, nameOf } from '../../kubernetes/objects.ts';
import { gapLines } from './gaps/gap.ts';
import { type Capture, countKinds, isObject, type SnapshotObject } from './make.ts';

const INDEX = 'index.json';
const AT_ONCE = 16;

const indexSchema = z.object({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('CapturedObjects'),
  part: z.enum(OBJECT_PARTS),
  capturedAt: z.iso.datetime(),
  cluster: z.object({ describe: z.string(), version: z.string() }),
  namespaces: z.array(z.string()),
  counts: z.record(z.string(), z.number().int()),
  objects: z.array(
    z.object({
      file: z.string(),
      name: z.string(),
      sha256: z.string(),
      finalizers: z.array(z.string()).default([]),
      outside: z.array(z.string()).default([]),
    }),
  ),
  versions: z.record(z.string(), z.object({ version: z.string(), others: z.array(z.string()) })),
  leftOut: z.record(z.string(), z.record(z.string(), z.number().int())),
  images: z.array(z.object({ image: z.string(), digests: z.array(z.string()), pullable: z.string().optional() })),
  silentGroups: z.array(z.string()),
  /** Namespaces that were to be captured and could not be. Absent, like `notCaptured`, in copies of older versions. */
  lackingNamespaces: z.array(z.string()).optional(),
  /** Known operators whose custom resources this part holds. */
  operators: z.array(z.string()).optional(),
  /** What the platform uses and this part does not hold, a line each. */
  notCaptured: z.array(z.string()).optional(),
});
export type CaptureIndex = z.infer<typeof indexSchema>;

/** JSON, which is YAML too: texts like `yes` or `0x1F` mean the same to every reader. Keys sorted, so that equal objects are equal files. */
export function objectText(object: KubeObject): string {
  return `${JSON.stringify(sorted(object), undefined, 1)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return listOf(value).map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(fieldsOf(value)).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A name may be as long as a file name may be, and the ending comes on top. */
function fileName(name: string): string {
  return name.length <= 240 ? `${name}.json` : `${name.slice(0, 200)}-${digestOf(name).slice(0, 16)}.json`;
}

/** `deployment.apps/go-coffee/api.json`; cluster-scoped objects are in `_cluster`, which can't be the name of a namespace. */
function fileOf(object: KubeObject): string {
  const kind = kindName({ group: groupOf(object), kind: object.kind.toLowerCase() });
  return `${kind}/${object.metadata.namespace ?? '_cluster'}/${fileName(object.metadata.name)}`;
}

function entryOf({ object, finalizers, outside }: SnapshotObject): CaptureIndex['objects'][number] {
  const sha256 = digestOf(objectText(object));
  return { file: fileOf(object), name: nameOf(object), sha256, finalizers: [...finalizers], outside: [...outside] };
}

/** A line for each namespace that could not be read, and for each thing that the platform uses and this part lacks. */
function missingFrom({ lacking, gaps }: Capture, part: ObjectPart): string[] {
  return [...lacking.map(({ name, error }) => `namespace ${name}: ${error.fact}`), ...gapLines(gaps, part)];
}

/** `folder` must be private: Secrets are written as they are. */
export async function writePart(capture: Capture, part: ObjectPart, folder: string, at: Date): Promise<CaptureIndex> {
  const captured = capture.parts[part];
  const isOwn = (kind: string) => captured.some(({ object }) => kindOf(object) === kind);
  await pMap(
    captured,
    async ({ object }) => {
      const file = join(folder, fileOf(object));
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, objectText(object), { mode: 0o600 });
    },
    { concurrency: AT_ONCE },
  );
  const index = indexSchema.parse({
    apiVersion: 'go-coffee-dr/v1',
    kind: 'CapturedObjects',
    part,
    capturedAt: at.toISOString(),
    cluster: capture.cluster,
    namespaces: capture.namespaces,
    counts: countKinds(captured),
    objects: captured.map(entryOf),
    versions: Object.fromEntries(Object.entries(capture.versions).filter(([kind]) => isOwn(kind))),
    leftOut: capture.leftOut,
    // They belong to what runs.
    images: part === 'manifests' ? capture.images : [],
    silentGroups: capture.silentGroups,
    lackingNamespaces: capture.lacking.map(({ name }) => name),
    // Their custom resources are manifests.
    operators: part === 'manifests' ? capture.operators : [],
    notCaptured: missingFrom(capture, part),
  });
  await writeFile(join(folder, INDEX), `${JSON.stringify(index, undefined, 1)}\n`, { mode: 0o600 });
  return index;
}

function damaged(folder: string, fact: string, cause?: unknown): DrError {
  return verificationFailed({
    code: 'CAPTURE-DAMAGED',
    where: folder,
    fact,
    hint: 'restore it from another repository with --from, or from an older point',
    cause,
  });
}

async function readIndex(folder: string): Promise<CaptureIndex> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(join(folder, INDEX), 'utf8')));
  } catch (cause) {
    throw damaged(folder, `${INDEX} can't be read: ${messageOf(cause)}`, cause);
  }
}

export interface StoredPart {
  readonly index: CaptureIndex;
  /** In the order of the index. */
  readonly objects: readonly SnapshotObject[];
}

/** One part back from its folder. Throws `CAPTURE-DAMAGED` (exit 5) when a file is missing, changed, or not of the capture. */
export async function readPart(folder: string): Promise<StoredPart> {
  const index = await readIndex(folder);
  const found = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const known = new Set([INDEX, ...index.objects.map(({ file }) => file)].map((file) => join(folder, file)));
  const strange = found.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !known.has(path));
  if (strange.length > 0) throw damaged(folder, `not of the capture: ${strange.join(', ')}`);
  const objects = await pMap(
    index.objects,
    async ({ file, name, sha256, finalizers, outside }) => {
      const text = await readFile(join(folder, file), 'utf8').catch((cause: unknown) => {
        throw damaged(folder, `${name} is missing (${file})`, cause);
      });
      if (digestOf(text) !== sha256) throw damaged(folder, `${name} is not what was captured (${file})`);
      const object: unknown = JSON.parse(text);
      if (!isObject(object)) throw damaged(folder, `${name} is not an object of Kubernetes (${file})`);
      return { object, finalizers, outside };
    },
    { concurrency: AT_ONCE },
  );
  return { index, objects };
}
