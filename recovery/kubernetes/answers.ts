/** Answers of a Kubernetes API, checked before they are used. */
import { z } from 'zod';
import { KubernetesAnswer } from './failure.ts';
import type { KubeObject, Metadata, ResourceType } from './objects.ts';

/** Throws KubernetesAnswer for an answer of another shape: a proxy's, or that of a server which is no Kubernetes API. */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown): T {
  const { data, error } = schema.safeParse(answer);
  if (error === undefined) return data;
  const [issue] = error.issues;
  throw new KubernetesAnswer(
    200,
    'Malformed',
    `unexpected answer: ${issue?.path.join('.') || 'all'}: ${issue?.message}`,
  );
}

const texts = z.record(z.string(), z.string()).optional();
const owner = z.looseObject({ kind: z.string(), name: z.string(), uid: z.string() });
const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  labels: texts,
  annotations: texts,
  finalizers: z.array(z.string()).optional(),
  deletionTimestamp: z.string().optional(),
  ownerReferences: z.array(owner).optional(),
});

/** Checks and does not copy: a capture keeps the order of the server's fields. */
function checkMetadata(value: unknown): asserts value is Metadata {
  readAnswer(metadataSchema, value);
}

const objectSchema = z.record(z.string(), z.unknown());

/** Items of a list carry no kind of their own. */
export function readObject(type: ResourceType, answer: unknown): KubeObject {
  const fields = readAnswer(objectSchema, answer);
  const { metadata } = fields;
  checkMetadata(metadata);
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { ...fields, metadata, apiVersion, kind: type.kind };
}

export const versionSchema = z.object({ gitVersion: z.string() });

export const pageSchema = z.object({
  metadata: z.object({ continue: z.string().optional() }).optional(),
  items: z.array(z.unknown()).nullish(),
});

const servedResource = z.object({
  name: z.string(),
  kind: z.string(),
  namespaced: z.boolean(),
  verbs: z.array(z.string()),
});
export type ServedResource = Readonly<z.infer<typeof servedResource>>;
export const resourcesSchema = z.object({ resources: z.array(servedResource).nullish() });

const apiGroup = z.object({
  name: z.string(),
  preferredVersion: z.object({ version: z.string() }).optional(),
  versions: z.array(z.object({ version: z.string() })),
});
export type ApiGroup = Readonly<z.infer<typeof apiGroup>>;
export const groupsSchema = z.object({ groups: z.array(apiGroup) });

export const apiServiceSchema = z.object({ spec: z.object({ service: z.unknown().optional() }).optional() });
