/** What was read → what is stored: chosen, stripped and split over the plan's workloads. Pure. */
import { OWN_LABEL } from '../../../plan/layout.ts';
import type { ObjectPart } from '../../../plan/types.ts';
import { fieldsOf, type KubeObject, kindName, kindOf, nameOf } from '../../kubernetes/objects.ts';
import { outsideServices } from './admission.ts';
import type { Gap } from './gaps/gap.ts';
import { outsideGaps } from './gaps/outside.ts';
import { volumeGaps } from './gaps/volumes.ts';
import { wantedGaps } from './gaps/wanted.ts';
import { type Image, imagesOf } from './images.ts';
import { leftOut, type Reason } from './leave-out.ts';
import type { LackingNamespace } from './namespaces.ts';
import { operatorGaps, operatorsOf } from './operators.ts';
import { partOf } from './parts.ts';
import type { ClusterContent } from './read.ts';
import { strip } from './strip.ts';

export function isObject(value: unknown): value is KubeObject {
  const { apiVersion, kind, metadata } = fieldsOf(value);
  return [apiVersion, kind, fieldsOf(metadata).name].every((text) => typeof text === 'string' && text !== '');
}

export interface SnapshotObject {
  readonly object: KubeObject;
  /** Which held it in the old cluster. A controller that wants one sets it again. */
  readonly finalizers: readonly string[];
  /** `namespace/name` of services outside of the capture without which its webhooks refuse everything. */
  readonly outside: readonly string[];
}

export interface Capture {
  readonly cluster: { readonly describe: string; readonly version: string };
  readonly namespaces: readonly string[];
  readonly parts: Readonly<Record<ObjectPart, readonly SnapshotObject[]>>;
  /** Reason → kind → how many. */
  readonly leftOut: Readonly<Partial<Record<Reason, Readonly<Record<string, number>>>>>;
  /** Kind → the version that was captured, and those in which it could be had too. */
  readonly versions: Readonly<Record<string, { readonly version: string; readonly others: readonly string[] }>>;
  readonly images: readonly Image[];
  readonly silentGroups: readonly string[];
  /** Namespaces that were to be read and could not be. */
  readonly lacking: readonly LackingNamespace[];
  /** Known operators whose custom resources are captured. */
  readonly operators: readonly string[];
  /** What the platform uses and the capture does not hold, but for the content of claims. */
  readonly gaps: readonly Gap[];
}

const isPod = ({ kind, apiVersion }: KubeObject): boolean => kind === 'Pod' && apiVersion === 'v1';

function countReasons(content: ClusterContent, reasons: ReadonlyMap<string, Reason>): Capture['leftOut'] {
  const counts: Partial<Record<Reason, Record<string, number>>> = {};
  for (const { type, object } of content.read) {
    const reason = reasons.get(nameOf(object));
    if (reason === undefined) continue;
    counts[reason] ??= {};
    const kinds = counts[reason];
    kinds[kindName(type)] = (kinds[kindName(type)] ?? 0) + 1;
  }
  return counts;
}

export function makeCapture(content: ClusterContent): Capture {
  const reasons = leftOut(content.read);
  const kept = content.read.filter(({ object }) => !reasons.has(nameOf(object)));
  // The stack brings its own objects by itself.
  const platform = kept
    .map(({ object }) => object)
    .filter(({ metadata }) => metadata.labels?.[OWN_LABEL] === undefined);
  const captured = kept
    .map(({ object }) => ({
      object: strip(object),
      finalizers: [...(object.metadata.finalizers ?? [])].sort(),
      outside: outsideServices(object, content.namespaces),
    }))
    .sort((a, b) => (nameOf(a.object) < nameOf(b.object) ? -1 : 1));
  const of = (part: ObjectPart) => captured.filter(({ object }) => partOf(object) === part);
  const versions = kept.map(
    ({ type }) => [kindName(type), { version: type.version, others: type.otherVersions }] as const,
  );
  return {
    cluster: { describe: content.describe, version: content.version },
    namespaces: content.namespaces,
    parts: {
      manifests: of('manifests'),
      configuration: of('configuration'),
      access: of('access'),
      monitoring: of('monitoring'),
    },
    leftOut: countReasons(content, reasons),
    versions: Object.fromEntries(versions),
    images: imagesOf(
      captured.map(({ object }) => object),
      content.read.map(({ object }) => object).filter(isPod),
    ),
    silentGroups: content.silentGroups,
    lacking: content.lacking,
    operators: operatorsOf(platform),
    gaps: [
      ...content.gaps,
      ...wantedGaps({ captured: kept.map(({ object }) => object), platform, reasons }),
      ...outsideGaps(platform, content.namespaces),
      ...volumeGaps(platform),
      ...operatorGaps(platform),
    ],
  };
}

/** Kind → how many, sorted by kind. */
export function countKinds(captured: readonly SnapshotObject[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { object } of captured) {
    const kind = kindOf(object);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
