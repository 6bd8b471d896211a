/** Webhooks and admission policies that have a say in what is captured. */
import { selects } from '../../kubernetes/labels.ts';
import { fieldsOf, type KubeObject, listOf, type ReadObject } from '../../kubernetes/objects.ts';

export const ADMISSION_KINDS = [
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicyBinding',
];

interface Resource {
  readonly group: string;
  readonly plural: string;
}

const PODS: Resource = { group: '', plural: 'pods' };

/** `pods/*`, `*`, `deployments`: the part before the slash. */
function concerns(rule: unknown, resources: readonly Resource[]): boolean {
  const { apiGroups, resources: names } = fieldsOf(rule);
  const groups = listOf(apiGroups);
  const plurals = listOf(names).map((name) => String(name).split('/')[0]);
  return resources.some(
    ({ group, plural }) =>
      (groups.includes('*') || groups.includes(group)) && (plurals.includes('*') || plurals.includes(plural)),
  );
}

function webhookSelects(webhook: unknown, namespaces: readonly KubeObject[], resources: readonly Resource[]): boolean {
  const { namespaceSelector, rules } = fieldsOf(webhook);
  const here = namespaces.some(({ metadata }) => selects(namespaceSelector, metadata.labels));
  return here && listOf(rules).some((rule) => concerns(rule, resources));
}

/**
 * True for what selects one of the namespaces and concerns a kind that is captured there, or the pods that are made of it.
 * A configuration is kept whole when one of its webhooks does.
 */
export function admits(
  config: KubeObject,
  namespaces: readonly KubeObject[],
  captured: readonly ReadObject[],
): boolean {
  const resources = [PODS, ...captured.map(({ type }) => type)];
  if (config.kind.endsWith('WebhookConfiguration'))
    return listOf(config.webhooks).some((webhook) => webhookSelects(webhook, namespaces, resources));
  const { matchResources } = fieldsOf(config.spec);
  const { namespaceSelector } = fieldsOf(matchResources);
  return namespaces.some(({ metadata }) => selects(namespaceSelector, metadata.labels));
}

/** True for webhooks that a Service of the namespaces answers: without them an operator of the platform does not do its work. */
export function calls(config: KubeObject, namespaces: readonly string[]): boolean {
  return listOf(config.webhooks).some((webhook) => {
    const { namespace } = fieldsOf(fieldsOf(fieldsOf(webhook).clientConfig).service);
    return typeof namespace === 'string' && namespaces.includes(namespace);
  });
}

/** Services of other namespaces (`namespace/name`) that must answer before the webhooks of this object do. */
export function outsideServices(object: KubeObject, namespaces: readonly string[]): string[] {
  const conversion = fieldsOf(fieldsOf(fieldsOf(object.spec).conversion).webhook);
  const clients = [...listOf(object.webhooks), conversion].map((webhook) => fieldsOf(webhook).clientConfig);
  const services = clients.flatMap((client) => {
    const { namespace, name } = fieldsOf(fieldsOf(client).service);
    return typeof namespace === 'string' && !namespaces.includes(namespace) ? [`${namespace}/${name}`] : [];
  });
  return [...new Set(services)].sort();
}
