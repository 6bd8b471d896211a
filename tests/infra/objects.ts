/** Kubernetes objects of recordings, by what tests ask of them. */
import type { types } from '@pulumi/kubernetes';
import { type KubernetesObject, kubernetesObjects } from './manifests-of.ts';
import { type RecordedResource, type Recording, record } from './recording.ts';

const ordered = new WeakMap<Recording, KubernetesObject[]>();

function objectsOf(recording: Recording): KubernetesObject[] {
  const found = ordered.get(recording) ?? kubernetesObjects(recording);
  ordered.set(recording, found);
  return found;
}

type PodSpec = types.output.core.v1.PodSpec;

export interface Pod {
  /** `CronJob dr-daily` */
  readonly of: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

type Json = Readonly<Record<string, unknown>>;

function templateOf(manifest: Json): Template | undefined {
  const spec = manifest.spec as { template?: Template; jobTemplate?: { spec: { template: Template } } } | undefined;
  return spec?.jobTemplate?.spec.template ?? spec?.template;
}

export function podsOf(recording: Recording): Pod[] {
  return objectsOf(recording).flatMap(({ manifest }) => {
    const template = templateOf(manifest);
    if (template === undefined) return [];
    const { name, namespace = '' } = manifest.metadata;
    return [
      { of: `${manifest.kind} ${name}`, namespace, labels: template.metadata?.labels ?? {}, spec: template.spec },
    ];
  });
}

/** Throws where there is none. */
export function podOf(recording: Recording, of: string): Pod {
  const found = podsOf(recording).find((pod) => pod.of === of);
  if (found === undefined) throw new Error(`no pod of ${of}`);
  return found;
}

export function find(recording: Recording, kind: string, name: string): KubernetesObject | undefined {
  return objectsOf(recording).find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
}

/** Throws where there is none. */
export function object<T = Json>(recording: Recording, kind: string, name: string): T {
  const found = find(recording, kind, name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found.manifest as unknown as T;
}

/** The recorded resource of an object: its options. Throws where there is none. */
export function resourceOf(recording: Recording, kind: string, name: string): RecordedResource {
  const urn = find(recording, kind, name)?.urn;
  const found = recording.find((resource) => resource.urn === urn);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

export const kinds = (recording: Recording, kind: string): KubernetesObject[] =>
  objectsOf(recording).filter(({ manifest }) => manifest.kind === kind);

/** `Kind name` of all that has to be there before, through others too. */
export function predecessors(recording: Recording, kind: string, name: string): string[] {
  const all = new Map(objectsOf(recording).map((each) => [each.urn, each] as const));
  const seen = new Set<string>();
  const visit = (urns: readonly string[]): void => {
    for (const urn of urns.filter((each) => !seen.has(each))) {
      seen.add(urn);
      visit(all.get(urn)?.dependsOn ?? []);
    }
  };
  visit(find(recording, kind, name)?.dependsOn ?? []);
  return [...seen].map((urn) => `${all.get(urn)?.manifest.kind} ${all.get(urn)?.manifest.metadata.name}`);
}

const ALERTS = {
  slackWebhook: 'https://hooks.slack.test/s3cr3t',
  pagerdutyUrl: 'https://events.pagerduty.test/s3cr3t',
  pingUrl: 'https://ping.test/s3cr3t',
};

/** The shipped stacks in the roles that they can have. */
export const STACKS = {
  production: () => record('production', { alertTargets: ALERTS, folders: { uploads: 'uploads' } }),
  standby: () => record('dr'),
  promoted: () => record('dr', { role: 'primary' }, { previous: { leads: false, site: 'eu-west-1', generation: 1 } }),
  local: () => record('local'),
} as const;

export type StackName = keyof typeof STACKS;

export async function recordStacks(): Promise<Record<StackName, Recording>> {
  const all: Partial<Record<StackName, Recording>> = {};
  // One after another: the mocks are the process's own.
  for (const name of Object.keys(STACKS) as StackName[]) all[name] = await STACKS[name]();
  return all as Record<StackName, Recording>;
}
