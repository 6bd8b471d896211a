/** The roles that pods take, and the one that people take when all else fails. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { breakGlassRoleName } from '../names.ts';
import { breakGlassPolicy, ROLES, type RoleFacts, type RoleName, rolePolicy } from './role-policies.ts';
import { breakGlassTrust, serviceAccountTrust } from './trust-policies.ts';

export interface IdentitiesArgs extends RoleFacts {
  readonly oidcProvider: { readonly arn: string; readonly url: string };
  readonly namespaces: { readonly platform: string; readonly recovery: string };
  /** Redis reads a copy before its first start. @default false */
  readonly seedsRedis?: boolean | undefined;
  /** A drill's: PostgreSQL reads what it begins from, and nobody writes (F37). @default false */
  readonly readingOnly?: boolean | undefined;
  /** Of the account, so only the stack that owns the buckets makes it. @default none */
  readonly breakGlassPrincipals?: readonly string[] | undefined;
}

type Namespace = 'platform' | 'recovery';

/** PostgreSQL pushes its WAL itself; the monitor only looks. */
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

/** The platform's own account with them: it restores, and never archives. */
const READING: Readonly<Partial<typeof SERVICE_ACCOUNTS>> = {
  restorer: [...SERVICE_ACCOUNTS.restorer, ['platform', 'postgres']],
  auditor: SERVICE_ACCOUNTS.auditor,
};

const BREAK_GLASS_SECONDS = 3600;

export class Identities extends pulumi.ComponentResource {
  /** ARN of a role by the service account that takes it. */
  readonly roleArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** What takes a role comes after it may do something. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: IdentitiesArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:identity:Identities', name, {}, opts);
    const { environment, site, namespaces, oidcProvider, breakGlassPrincipals, seedsRedis = false } = args;
    const byRole = args.readingOnly === true ? READING : SERVICE_ACCOUNTS;
    const role = (id: RoleName) => {
      const accounts = [...(byRole[id] ?? []), ...(id === 'restorer' && seedsRedis ? [SEEDED] : [])];
      const serviceAccounts = accounts.map(([namespace, account]) => `${namespaces[namespace]}:${account}`);
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
      return { policy, arns: accounts.map(([, account]) => [account, made.arn] as const) };
    };
    const roles = ROLES.filter((id) => byRole[id] !== undefined).map(role);
    this.ready = roles.map(({ policy }) => policy);
    this.roleArns = Object.fromEntries(roles.flatMap(({ arns }) => arns));
    if (breakGlassPrincipals !== undefined) {
      const breakGlass = new aws.iam.Role(
        `${name}-break-glass`,
        {
          // A fixed name: the buckets' and the key's policies except it before it exists.
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
