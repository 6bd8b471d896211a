/** Objects of a cluster in two points: who may do what first, then what runs, then the rest. Pure. */
import { isRecord } from '../../core/json.ts';
import { fieldsOf, groupOf, type KubeObject, listOf, nameOf } from '../../kubernetes/objects.ts';
import { shown } from '../redact.ts';
import type { Change, ChangeKind, Rank } from '../types.ts';
import { changedFields, type FieldChange } from './fields.ts';

const RBAC = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding', 'ServiceAccount'];
/** They run something, or see what others send to the API. */
const RUNNING = [
  ...['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'],
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'APIService'],
];
const ACCESS = ['Secret', 'NetworkPolicy', 'Ingress', 'Service', 'Namespace', 'ValidatingAdmissionPolicy'];
const MOST_FIELDS = 8;

const text = (value: unknown): string => listOf(value).map(String).join(',');

function ruleText(rule: unknown): string {
  const { verbs, resources, resourceNames, nonResourceURLs } = fieldsOf(rule);
  const names = resourceNames === undefined ? '' : ` (${text(resourceNames)})`;
  return `${text(verbs)} on ${text(resources ?? nonResourceURLs)}${names}`;
}

function subjectText(subject: unknown): string {
  const { kind, name, namespace } = fieldsOf(subject);
  return `${String(kind)} ${namespace === undefined ? '' : `${String(namespace)}/`}${String(name)}`;
}

/** What it gives, and to whom. */
function rbacFacts({ roleRef, subjects, rules }: KubeObject): string[] {
  const role = fieldsOf(roleRef);
  return [
    ...(roleRef === undefined
      ? []
      : [`${String(role.kind)} ${String(role.name)} to ${listOf(subjects).map(subjectText).join(', ') || 'nobody'}`]),
    ...listOf(rules).map(ruleText),
  ].map(shown);
}

/** What lets a container out of itself. */
const POWERS: readonly (readonly [what: string, found: RegExp])[] = [
  ['privileged', /"privileged":true/],
  ['files of the node (hostPath)', /"hostPath":\{/],
  ['network of the node', /"hostNetwork":true/],
  ['processes of the node', /"hostPID":true/],
];

const powersOf = (object: KubeObject): string[] => {
  const json = JSON.stringify(object);
  return POWERS.filter(([, found]) => found.test(json)).map(([what]) => what);
};

function rankOf(kind: ChangeKind, object: KubeObject, gained: readonly string[]): Rank {
  const isRbac = RBAC.includes(object.kind);
  if (kind !== 'removed' && (isRbac || gained.length > 0)) return 'foothold';
  if (kind === 'added' && RUNNING.includes(object.kind)) return 'foothold';
  return isRbac || RUNNING.includes(object.kind) || ACCESS.includes(object.kind) ? 'access' : 'other';
}

const isSecret = (object: KubeObject): boolean => object.kind === 'Secret' && groupOf(object) === '';

function secretFacts(before: KubeObject | undefined, after: KubeObject): string[] {
  const keys = (object: KubeObject | undefined) => ({ ...fieldsOf(object?.data), ...fieldsOf(object?.stringData) });
  const [old, now] = [keys(before), keys(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => old[key] !== now[key]);
  return [
    names.length === 0 ? 'its keys are the same; something else of it changed' : `changed keys: ${names.join(', ')}`,
  ];
}

/** An image is no secret, and tells most. */
function fieldText({ path, before, after }: FieldChange): string {
  const isImage = /(^|\.)image$/.test(path) && typeof after === 'string';
  const gone = after === undefined ? ' (removed)' : before === undefined ? ' (added)' : '';
  return isImage ? `${path}: ${shown(String(before ?? 'none'))} → ${shown(after)}` : `${path}${gone}`;
}

function imagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'image' && typeof each === 'string' ? [shown(each)] : imagesIn(each),
  );
}

function addedFacts(object: KubeObject): string[] {
  if (isSecret(object)) return [`keys: ${Object.keys(fieldsOf(object.data)).join(', ') || 'none'}`];
  if (RBAC.includes(object.kind)) return rbacFacts(object);
  const images = [...new Set(imagesIn(object.spec))];
  return [...powersOf(object), ...(images.length === 0 ? [] : [`image ${images.join(', ')}`])];
}

function changedFacts(before: KubeObject, after: KubeObject, gained: readonly string[]): string[] {
  if (isSecret(after)) return secretFacts(before, after);
  const fields = changedFields(before, after);
  const [old, now] = [rbacFacts(before), rbacFacts(after)];
  const rights = RBAC.includes(after.kind)
    ? [
        ...now.filter((each) => !old.includes(each)).map((each) => `+ ${each}`),
        ...old.filter((each) => !now.includes(each)).map((each) => `- ${each}`),
      ]
    : [];
  const more = fields.length > MOST_FIELDS ? [`and ${fields.length - MOST_FIELDS} more fields`] : [];
  return [...gained.map((each) => `+ ${each}`), ...rights, ...fields.slice(0, MOST_FIELDS).map(fieldText), ...more];
}

function changeOf(before: KubeObject | undefined, after: KubeObject | undefined): Change[] {
  const object = after ?? before;
  if (object === undefined) return [];
  const [what, ...name] = nameOf(object).split(' ');
  const common = { what: what ?? object.kind, name: name.join(' ') };
  if (after === undefined) return [{ ...common, kind: 'removed', rank: rankOf('removed', object, []), facts: [] }];
  const gained = powersOf(after).filter((each) => before === undefined || !powersOf(before).includes(each));
  if (before === undefined)
    return [{ ...common, kind: 'added', rank: rankOf('added', after, gained), facts: addedFacts(after) }];
  if (changedFields(before, after).length === 0) return [];
  const facts = changedFacts(before, after, gained);
  return [{ ...common, kind: 'changed', rank: rankOf('changed', after, gained), facts }];
}

export function compareKubeObjects(before: readonly KubeObject[], after: readonly KubeObject[]): Change[] {
  const byName = (objects: readonly KubeObject[]) => new Map(objects.map((object) => [nameOf(object), object]));
  const [old, now] = [byName(before), byName(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names.flatMap((name) => changeOf(old.get(name), now.get(name)));
}
