/** A folder of YAML and JSON documents, as a single host keeps its manifests → objects. Other documents are skipped, with a note. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import pMap from 'p-map';
import { parseAllDocuments } from 'yaml';
import { fieldsOf, type KubeObject, listOf } from '../../../kubernetes/objects.ts';
import { type Image, imagesOf } from '../images.ts';
import { isObject, type SnapshotObject } from '../make.ts';
import { strip } from '../strip.ts';

const AT_ONCE = 16;
const DOCUMENTS = /\.(ya?ml|json)$/i;

export interface Manifests {
  readonly objects: readonly SnapshotObject[];
  readonly namespaces: readonly string[];
  readonly images: readonly Image[];
  readonly notes: readonly string[];
}

/** Pure. Undefined where the text, or one of its documents, is not an object of Kubernetes: a template, settings of a program. */
export function objectsIn(text: string): KubeObject[] | undefined {
  const documents = parseAllDocuments(text, { logLevel: 'error' });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return undefined;
  const values = documents
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null)
    .flatMap((value) => (fieldsOf(value).kind === 'List' ? listOf(fieldsOf(value).items) : [value]));
  return values.every(isObject) ? values : undefined;
}

const SHOWN = 5;

export async function readManifests(folder: string, workload: string): Promise<Manifests> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const read = await pMap(
    files,
    async (file) => ({ file, objects: DOCUMENTS.test(file) ? objectsIn(await readFile(file, 'utf8')) : undefined }),
    { concurrency: AT_ONCE },
  );
  const objects = read.flatMap((one) => one.objects ?? []).map(strip);
  const strange = read.filter((one) => one.objects === undefined).map(({ file }) => relative(folder, file));
  const more = strange.length > SHOWN ? ` and ${strange.length - SHOWN} more` : '';
  return {
    objects: objects.map((object) => ({ object, finalizers: [], outside: [] })),
    namespaces: [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))].sort(),
    images: imagesOf(objects, []),
    notes:
      strange.length === 0
        ? []
        : [`${workload}: no objects of Kubernetes, and left out: ${strange.slice(0, SHOWN).join(', ')}${more}`],
  };
}
