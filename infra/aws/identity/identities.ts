/** The roles that pods assume, and the break-glass role that people assume in an emergency. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../../plan/declared/namespaces.ts';
import type { BreakGlassPrincipal } from '../../config/aws/break-glass.ts';
import { breakGlassRoleName } from '../names.ts';
import { breakGlassPolicy, ROLES, type RoleFacts, type RoleName, rolePolicy } from './role-policies.ts';
import { breakGlassTrust, serviceAccountTrust } from './trust-policies.ts';

export interface IdentitiesArgs extends RoleFacts {
  readonly oidcProvider: { readonly arn: string; readonly url: string };
  readonly namespaces: Pick<Namespaces, 'platform' | 'recovery'>;
  /** Redis reads a snapshot before its first start. @default false */
  readonly seedsRedis?: boolean | undefined;
  /** Of pods beside the platform that copy and fill its volumes: `namespace:name`. @default none */
  readonly visitors?: Readonly<Record<'writer' | 'restorer', readonly string[]>> | undefined;
  /** In a drill (F37) PostgreSQL reads its source repository, and no role writes. @default false */
  readonly readingOnly?: boolean | undefined;
  /** The account has one break-glass role, and only the stack that owns the buckets makes it. @default none */
  readonly breakGlassPrincipals?: readonly BreakGlassPrincipal[] | undefined;
}

type Namespace = 'platform' | 'recovery';

/** PostgreSQL pushes its WAL itself; the monitor only reads. */
const SERVICE_ACCOUNTS: Readonly<Record<RoleName, readonly (readonly [Namespace, string])[]>> = {
  writer: [
    ['recovery', 'dr-writer'],
    ['platform', 'postgres'],
  ],
  restorer: [['recovery', 'dr-restorer']],
  auditor: [
    ['recovery', 'dr-auditor'],
    ['recovery', 'dr-monitor'],
  ],
  pruner: [['recovery', 'dr-pruner']],
};

const SEEDED = ['platform', 'redis'] as const;

/** In a drill the platform's PostgreSQL account has the restorer role, because it restores and never archives. */
const READING: Readonly<Partial<typeof SERVICE_ACCOUNTS>> = {
  restorer: [...SERVICE_ACCOUNTS.restorer, ['platform', 'postgres']],
  auditor: SERVICE_ACCOUNTS.auditor,
};

const BREAK_GLASS_SECONDS = 3600;

export class Identities extends pulumi.ComponentResource {
  /** Service account → ARN of its role. */
  readonly roleArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** The policies of the roles. Pods that assume a role depend on these. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: IdentitiesArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:identity:Identities', name, {}, opts);
    const { environment, site, namespaces, oidcProvider, breakGlassPrincipals, seedsRedis = false } = args;
    const visitorsOf = (id: RoleName) => (id === 'writer' || id === 'restorer' ? (args.visitors?.[id] ?? []) : []);
    const byRole = args.readingOnly === true ? READING : SERVICE_ACCOUNTS;
    const role = (id: RoleName) => {
      const accounts = [...(byRole[id] ?? []), ...(id === 'restorer' && seedsRedis ? [SEEDED] : [])];
      const own = accounts.map(([namespace, account]) => `${namespaces[namespace]}:${account}`);
      const serviceAccounts = [...own, ...visitorsOf(id)];
      const made = new aws.iam.Role(
        `${name}-${id}`,
        {
          description: `go-coffee ${environment}, ${site}: ${id} of backups`,
          assumeRolePolicy: JSON.stringify(serviceAccountTrust({ oidcProvider, serviceAccounts })),
        },
        { parent: this },
      );
      const policy = new aws.iam.RolePolicy(
        `${name}-${id}-policy`,
        { role: made.name, policy: JSON.stringify(rolePolicy(id, args)) },
        { parent: this },
      );
      const names = serviceAccounts.map((name) => name.slice(name.indexOf(':') + 1));
      return { policy, arns: names.map((account) => [account, made.arn] as const) };
    };
    const roles = ROLES.filter((id) => byRole[id] !== undefined).map(role);
    this.ready = roles.map(({ policy }) => policy);
    this.roleArns = Object.fromEntries(roles.flatMap(({ arns }) => arns));
    if (breakGlassPrincipals !== undefined) {
      const breakGlass = new aws.iam.Role(
        `${name}-break-glass`,
        {
          // The name is fixed because the policies of the buckets and of the key name the role before it exists.
          name: breakGlassRoleName(environment),
          description: `go-coffee ${environment}: ends locked backups; every use is an alert`,
          assumeRolePolicy: JSON.stringify(breakGlassTrust(breakGlassPrincipals)),
          maxSessionDuration: BREAK_GLASS_SECONDS,
        },
        { parent: this, protect: true },
      );
      new aws.iam.RolePolicy(
        `${name}-break-glass-policy`,
        { role: breakGlass.name, policy: JSON.stringify(breakGlassPolicy(args)) },
        { parent: this, protect: true },
      );
    }
    this.registerOutputs({ roleArns: this.roleArns });
  }
}
