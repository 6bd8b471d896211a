/** Further roles of the database, found in the connection strings of services. A rotation gives them new passwords. */
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { fieldsOf, type KubeObject, listOf } from '../../recovery/public.ts';
import { POSTGRES } from '../cluster/ports.ts';

/** A role of PostgreSQL, with the password in the manifests. */
export interface FoundRole {
  readonly user: string;
  readonly old: string;
}

/** Only URLs with this stack's own host: other databases keep their passwords. */
const URL_PATTERN = new RegExp(`postgres(?:ql)?://([^\\s:/@]+):([^\\s/@]+)@${POSTGRES}(?=[.:/?]|$)`, 'g');
const LENGTH = 48;

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return listOf(value).flatMap(textsIn);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function textsOf(object: KubeObject): string[] {
  if (object.kind !== 'Secret') return textsIn(object);
  return Object.values(fieldsOf(object.data)).map((text) => Buffer.from(String(text), 'base64').toString('utf8'));
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Pure. @param known roles that the stack sets itself */
export function rolesIn(objects: readonly KubeObject[], known: readonly string[]): FoundRole[] {
  const found = new Map<string, FoundRole>();
  for (const text of objects.flatMap(textsOf)) {
    for (const [, user = '', old = ''] of text.matchAll(URL_PATTERN)) {
      // The pod substitutes variables later.
      if (known.includes(plain(user)) || old.includes('$')) continue;
      found.set(`${user} ${old}`, { user: plain(user), old: plain(old) });
    }
  }
  return [...found.values()];
}

export interface FreshRole extends FoundRole {
  readonly fresh: pulumi.Output<string>;
}

export class DatabaseRoles extends pulumi.ComponentResource {
  /** A role with two old passwords occurs twice, with one new password. */
  readonly roles: readonly FreshRole[];
  /** Role → new password, a Pulumi secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;

  constructor(name: string, found: readonly FoundRole[], opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:postgres:DatabaseRoles', name, {}, opts);
    const users = [...new Set(found.map(({ user }) => user))].sort();
    const made = new Map(
      users.map((user) => {
        const args = { length: LENGTH, special: false };
        return [user, new random.RandomPassword(`${name}-${user}`, args, { parent: this }).result] as const;
      }),
    );
    this.roles = found.flatMap((role) => {
      const fresh = made.get(role.user);
      return fresh === undefined ? [] : [{ ...role, fresh }];
    });
    this.passwords = pulumi.secret(pulumi.output(Object.fromEntries(made)));
    this.registerOutputs({});
  }
}
