/** Service accounts and their RBAC: Patroni runs elections, backups and checks read, and every other account has no rights. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { type Namespaces, platformNamespaces, serviceNamespaces } from '../../plan/declared/namespaces.ts';
import { labelsOf } from './labels.ts';
import type { PolicyRule } from './manifests.ts';
import { POSTGRES, REDIS } from './ports.ts';
import { captureRights, healthRights, type Rights, watchRights } from './rbac.ts';

/** `dr-drill` has no identity at the storage: a throwaway platform must not reach a real repository. */
export const DR_ACCOUNTS = ['dr-writer', 'dr-restorer', 'dr-auditor', 'dr-pruner', 'dr-monitor', 'dr-drill'] as const;
export type DrAccount = (typeof DR_ACCOUNTS)[number];

export interface AccountsArgs {
  readonly namespaces: Namespaces;
  /** By service account: ARN of the role that it assumes with its token (IRSA). */
  readonly roleArns?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Cluster-scoped custom kinds that a backup reads, e.g. `clusterissuers.cert-manager.io`. @default none */
  readonly clusterKinds?: readonly string[];
}

const RBAC = 'rbac.authorization.k8s.io';

/**
 * Patroni keeps its state in endpoints (leader, config, failover, sync), and labels its pods with their role. RBAC can't restrict `create`
 * to names, so it is a rule of its own. Patroni needs neither services nor secrets.
 */
const PATRONI_RULES: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['endpoints'], verbs: ['create', 'list', 'watch'] },
  {
    apiGroups: [''],
    resources: ['endpoints'],
    resourceNames: ['', '-config', '-failover', '-sync'].map((suffix) => `${POSTGRES}${suffix}`),
    verbs: ['get', 'patch', 'update', 'delete'],
  },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'patch', 'update'] },
];

interface Reading {
  readonly account: DrAccount;
  /** Name of the Role; with the recovery namespace's, of the ClusterRole. */
  readonly role: string;
  readonly rights: Rights;
  readonly inside: readonly string[];
}

export class Accounts extends pulumi.ComponentResource {
  readonly postgres: pulumi.Output<string>;
  readonly redis: pulumi.Output<string>;
  /** By name; in the recovery namespace. */
  readonly dr: Readonly<Record<DrAccount, pulumi.Output<string>>>;

  constructor(name: string, args: AccountsArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:Accounts', name, {}, opts);
    const account = (accountName: string, namespace: string): pulumi.Output<string> => {
      const arn = args.roleArns?.[accountName];
      const annotations = arn === undefined ? {} : { annotations: { 'eks.amazonaws.com/role-arn': arn } };
      const made = new k8s.core.v1.ServiceAccount(
        `${name}-${accountName}`,
        {
          metadata: { name: accountName, namespace, labels: labelsOf(accountName), ...annotations },
          automountServiceAccountToken: false,
        },
        { parent: this },
      );
      return made.metadata.name;
    };
    const { platform, recovery } = args.namespaces;
    const services = serviceNamespaces(args.namespaces);
    const all = platformNamespaces(args.namespaces);
    this.postgres = account(POSTGRES, platform);
    this.redis = account(REDIS, platform);
    const dr = DR_ACCOUNTS.map((accountName) => [accountName, account(accountName, recovery)] as const);
    this.dr = Object.fromEntries(dr) as Record<DrAccount, pulumi.Output<string>>;
    this.#patroni(name, platform);
    this.#reads(name, args, {
      account: 'dr-writer',
      role: 'dr-capture',
      rights: captureRights(args.clusterKinds ?? []),
      inside: services,
    });
    this.#reads(name, args, { account: 'dr-auditor', role: 'dr-health', rights: healthRights(all), inside: all });
    const own = { account: 'dr-monitor', role: 'dr-watch', rights: watchRights(services) } as const;
    this.#reads(name, args, { ...own, inside: [recovery] });
    this.registerOutputs({});
  }

  #patroni(name: string, namespace: string): void {
    const metadata = { name: 'patroni', namespace, labels: labelsOf(POSTGRES) };
    const rules = PATRONI_RULES.map((rule) => ({ ...rule }));
    const role = new k8s.rbac.v1.Role(`${name}-patroni`, { metadata, rules }, { parent: this });
    new k8s.rbac.v1.RoleBinding(
      `${name}-patroni`,
      {
        metadata,
        roleRef: { apiGroup: RBAC, kind: 'Role', name: role.metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: this.postgres, namespace }],
      },
      { parent: this },
    );
  }

  #reads(name: string, { namespaces }: AccountsArgs, given: Reading): void {
    const { account, role, rights, inside } = given;
    const { recovery, existing } = namespaces;
    const subjects = [{ kind: 'ServiceAccount', name: this.dr[account], namespace: recovery }];
    const copy = (rules: readonly PolicyRule[]) => rules.map((rule) => ({ ...rule }));
    for (const namespace of inside) {
      // Two stacks may protect the same existing namespace.
      const shared = existing.includes(namespace);
      const metadata = { name: shared ? `${role}-${recovery}` : role, namespace, labels: labelsOf(account) };
      const resource = shared ? `${name}-${role}-${namespace}` : `${name}-${role}`;
      const rules = copy(rights.namespaced);
      const made = new k8s.rbac.v1.Role(resource, { metadata, rules }, { parent: this });
      const roleRef = { apiGroup: RBAC, kind: 'Role', name: made.metadata.name };
      new k8s.rbac.v1.RoleBinding(resource, { metadata, roleRef, subjects }, { parent: this });
    }
    // Two stacks may share a cluster, but never a namespace of their own.
    const ofCluster = { name: `${role}-${recovery}`, labels: labelsOf(account) };
    const clusterRole = new k8s.rbac.v1.ClusterRole(
      `${name}-${role}`,
      { metadata: ofCluster, rules: copy(rights.clusterWide) },
      { parent: this },
    );
    new k8s.rbac.v1.ClusterRoleBinding(
      `${name}-${role}`,
      {
        metadata: ofCluster,
        roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: clusterRole.metadata.name },
        subjects,
      },
      { parent: this },
    );
  }
}
