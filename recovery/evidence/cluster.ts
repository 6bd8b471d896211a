/** Evidence of a cluster: every object of the namespaces, events and logs. Values of Secrets are left out; their digests are kept. */

import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import type { Gap } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import type { ReadLog } from '../kubernetes/evidence/pod-logs.ts';
import { type Cluster, fieldsOf, type KubeObject, kindName, listOf, textOf } from '../kubernetes/objects.ts';
import { SERVED } from '../kubernetes/served-types.ts';

const digest = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** What an intruder may have put there shows by its digest; the value itself belongs in no plain file. */
function withoutSecrets(object: KubeObject): KubeObject {
  if (object.kind !== 'Secret') return object;
  const { data, stringData: _, ...rest } = object;
  const digests = Object.fromEntries(
    Object.entries(fieldsOf(data)).map(([key, value]) => [key, digest(textOf(value))]),
  );
  const { annotations, ...metadata } = rest.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': applied, ...others } = annotations ?? {};
  const kept = applied === undefined ? others : { ...others, 'last-applied-configuration': digest(applied) };
  return { ...rest, metadata: { ...metadata, annotations: kept }, data: digests } as KubeObject;
}

interface Request {
  readonly cluster: Cluster;
  readonly readLog: ReadLog;
  readonly namespaces: readonly string[];
  /** It is there, and empty. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a file for each kind and for each log. What can't be read is a gap. */
export async function collectCluster({ cluster, readLog, namespaces, folder, signal }: Request): Promise<Gap[]> {
  const gaps: Gap[] = [];
  const seen = async <T>(id: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted) throw error;
      rethrowBug(error);
      const { fact, hint } = asDrError(error, id);
      gaps.push({ id, fact, hint });
      return undefined;
    }
  };
  const discovery = await seen('kubernetes', () => cluster.discover());
  for (const group of discovery?.silentGroups ?? [])
    gaps.push({
      id: `kubernetes/${group}`,
      fact: 'the server behind this API group does not answer',
      hint: 'see its APIService',
    });
  // Events can't be created by everybody, so discovery may leave them out.
  const types = [...(discovery?.types ?? []).filter((each) => each.namespaced && each.kind !== 'Event'), SERVED.event];
  for (const namespace of namespaces) {
    const own = join(folder, namespace);
    await mkdir(join(own, 'logs'), { recursive: true, mode: 0o700 });
    for (const type of types) {
      const objects = await seen(`${namespace}/${type.plural}`, () => cluster.list(type, namespace));
      if (objects === undefined || objects.length === 0) continue;
      const file = join(own, `${kindName({ group: type.group, kind: type.plural })}.json`);
      await writeFile(file, `${JSON.stringify(objects.map(withoutSecrets), undefined, 1)}\n`, { mode: 0o600 });
    }
    const pods = (await seen(`${namespace}/pods`, () => cluster.list(SERVED.pod, namespace))) ?? [];
    for (const pod of pods) await logsOf(pod, namespace);
  }
  return gaps;

  async function logsOf(pod: KubeObject, namespace: string): Promise<void> {
    const spec = fieldsOf(pod.spec);
    const containers = [
      ...listOf(spec.initContainers),
      ...listOf(spec.containers),
      ...listOf(spec.ephemeralContainers),
    ];
    for (const container of containers.map((each) => textOf(fieldsOf(each).name))) {
      for (const previous of [false, true]) {
        const place = { namespace, pod: pod.metadata.name, container, previous };
        const text = await seen(`${namespace}/${pod.metadata.name}/log`, () => readLog(place));
        if (text === undefined || text === '') continue;
        const name = `${pod.metadata.name}_${container}${previous ? '_before' : ''}.log`;
        await writeFile(join(folder, namespace, 'logs', name), text, { mode: 0o600 });
      }
    }
  }
}
