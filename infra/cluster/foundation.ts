/** The namespaces of the stack and their guardrails: pod security, network policies that deny by default, quotas, service accounts. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { Accounts, type AccountsArgs } from './accounts.ts';
import { after } from './after.ts';
import { ciliumPolicies } from './cilium-policies.ts';
import { ISOLATED_LABEL, labelsOf } from './labels.ts';
import { networkPolicies, type Outside } from './network-policies.ts';
import { StorageClasses, type StorageClassesArgs } from './storage-classes.ts';

export interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The most that a namespace's pods may request together, as Kubernetes quantities. */
export interface Quota {
  readonly cpu: string;
  readonly memory: string;
  readonly storage: string;
  readonly pods: number;
  readonly loadBalancers: number;
  readonly nodePorts: number;
}

export interface FoundationArgs {
  readonly namespaces: Namespaces;
  readonly outside: Outside;
  readonly quotas: { readonly platform: Quota; readonly recovery: Quota };
  readonly roleArns?: AccountsArgs['roleArns'] | undefined;
  readonly clusterKinds?: AccountsArgs['clusterKinds'];
  /** Further labels and annotations of the platform's namespace. @default none */
  readonly marks?: Marks | undefined;
  /**
   * With the platform of a point: its namespaces that no stack owns, which must be there before anything in them. A drill makes them for
   * itself; otherwise they come back with all their marks, and one that is there stays. @default none
   */
  readonly platforms?: ReadonlyMap<string, Marks> | undefined;
  /** The classes that the stack makes. @default none */
  readonly storageClasses?: StorageClassesArgs | undefined;
  /** For objects that may be there already. */
  readonly shared?: pulumi.ProviderResource | undefined;
}

/** `restricted` in all three modes: the API refuses a pod that needs more, and warns the user who applies it. */
const POD_SECURITY = Object.fromEntries(
  ['enforce', 'audit', 'warn'].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, 'restricted'],
    [`pod-security.kubernetes.io/${mode}-version`, 'latest'],
  ]),
);

/** The pods of a drill may not start at our level. */
const securityOf = ({ labels }: Marks): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith('pod-security.kubernetes.io/')));

interface NamespaceArgs {
  readonly namespace: string;
  readonly isolated: boolean;
  readonly marks?: Marks | undefined;
  /** @default the restricted level */
  readonly podSecurity?: Readonly<Record<string, string>>;
}

export class Foundation extends pulumi.ComponentResource {
  readonly accounts: Accounts;
  /** Everything else in the namespaces depends on these: no pod starts before them. */
  readonly guardrails: readonly pulumi.Resource[];

  constructor(name: string, args: FoundationArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:Foundation', name, {}, opts);
    const isolated = args.outside.isolated === true;
    const namespaces = [
      this.#namespace(name, { namespace: args.namespaces.platform, isolated, marks: args.marks }),
      this.#namespace(name, { namespace: args.namespaces.recovery, isolated }),
      ...[...(args.platforms ?? [])].map(([namespace, marks]) =>
        isolated
          ? this.#namespace(name, { namespace, isolated, podSecurity: securityOf(marks) })
          : this.#captured(namespace, marks, args.shared),
      ),
    ];
    const policies = this.#policies(name, args, namespaces);
    const quotas = (['platform', 'recovery'] as const).flatMap((which) =>
      this.#quota(name, args.namespaces[which], args.quotas[which], namespaces),
    );
    this.accounts = new Accounts(
      `${name}-accounts`,
      {
        namespaces: args.namespaces,
        ...(args.roleArns === undefined ? {} : { roleArns: args.roleArns }),
        ...(args.clusterKinds === undefined ? {} : { clusterKinds: args.clusterKinds }),
      },
      { parent: this, ...after(namespaces) },
    );
    const classes = args.shared
      ? new StorageClasses(`${name}-classes`, args.storageClasses ?? {}, { parent: this, provider: args.shared }).ready
      : [];
    this.guardrails = [...classes, ...namespaces, ...policies, ...quotas, this.accounts];
    this.registerOutputs({});
  }

  #namespace(
    name: string,
    { namespace, isolated, marks, podSecurity = POD_SECURITY }: NamespaceArgs,
  ): k8s.core.v1.Namespace {
    const mark = isolated ? { [ISOLATED_LABEL]: 'true' } : {};
    const labels = { ...marks?.labels, ...labelsOf(namespace), ...podSecurity, ...mark };
    // No empty map: the API drops it, and each run would find it missing.
    const annotations = Object.keys(marks?.annotations ?? {}).length > 0 ? { annotations: marks?.annotations } : {};
    return new k8s.core.v1.Namespace(
      `${name}-${namespace}`,
      { metadata: { name: namespace, labels, ...annotations } },
      // Deleting a namespace deletes its claims. Only a drill may do that.
      { parent: this, protect: !isolated, retainOnDelete: !isolated },
    );
  }

  /** Under the name that captured objects have: its level and its policies are not the stack's. */
  #captured(
    namespace: string,
    { labels, annotations }: Marks,
    provider: pulumi.ProviderResource | undefined,
  ): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(
      `Namespace/${namespace}`,
      { metadata: { name: namespace, labels, annotations } },
      { parent: this, protect: true, retainOnDelete: true, ...(provider === undefined ? {} : { provider }) },
    );
  }

  #policies(name: string, args: FoundationArgs, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
    const ofCilium = args.outside.cilium === true ? ciliumPolicies(args.namespaces, args.outside) : [];
    const special = ofCilium.map(
      ({ name: policy, namespace, ...rest }) =>
        new k8s.apiextensions.CustomResource(
          `${name}-${namespace}-${policy}-cilium`,
          { ...rest, metadata: { name: policy, namespace, labels: labelsOf(policy) } },
          { parent: this, dependsOn },
        ),
    );
    const standard = networkPolicies(args.namespaces, args.outside).map(
      (policy) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${policy.namespace}-${policy.name}`,
          {
            metadata: { name: policy.name, namespace: policy.namespace, labels: labelsOf(policy.name) },
            spec: policy.spec,
          },
          { parent: this, dependsOn },
        ),
    );
    return [...standard, ...special];
  }

  #quota(name: string, namespace: string, quota: Quota, dependsOn: pulumi.Resource[]): pulumi.Resource[] {
    const metadata = { name: 'everything', namespace, labels: labelsOf(namespace) };
    const hard = {
      'requests.cpu': quota.cpu,
      'requests.memory': quota.memory,
      'limits.memory': quota.memory,
      'requests.storage': quota.storage,
      pods: String(quota.pods),
      'services.loadbalancers': String(quota.loadBalancers),
      'services.nodeports': String(quota.nodePorts),
    };
    const defaults = { cpu: '100m', memory: '128Mi' };
    return [
      new k8s.core.v1.ResourceQuota(`${name}-${namespace}`, { metadata, spec: { hard } }, { parent: this, dependsOn }),
      // The quota refuses pods without requests; these defaults apply to them.
      new k8s.core.v1.LimitRange(
        `${name}-${namespace}`,
        {
          metadata,
          spec: { limits: [{ type: 'Container', defaultRequest: defaults, default: { memory: '512Mi' } }] },
        },
        { parent: this, dependsOn },
      ),
    ];
  }
}
