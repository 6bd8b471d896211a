/** Roles of two clusters, from what `pg_dumpall --globals-only` wrote. Pure. A hash is compared and never printed. */

import { shown } from '../redact.ts';
import { type Change, type Section, section } from '../types.ts';

const NAME = '(?:"(?:[^"]|"")+"|[^\\s";]+)';
const CREATE = new RegExp(`^CREATE ROLE (${NAME});$`);
const WITH = new RegExp(`^ALTER ROLE (${NAME}) WITH (.*);$`, 's');
const SET = new RegExp(`^ALTER ROLE (${NAME}) ((?:IN DATABASE ${NAME} )?)SET (\\S+) TO (.*);$`, 's');
const MEMBER = new RegExp(`^GRANT (${NAME}) TO (${NAME})(.*);$`, 's');
const PASSWORD = / PASSWORD '((?:[^']|'')*)'/;

interface Role {
  attributes: string[];
  password?: string;
  /** Setting, with the database it is for → value. */
  readonly settings: Map<string, string>;
  /** Role that it is a member of → options. */
  readonly memberOf: Map<string, string>;
}

interface Globals {
  readonly roles: ReadonlyMap<string, Role>;
  /** Tablespaces, comments, grants on parameters. */
  readonly others: readonly string[];
  /** False where the dump was taken without hashes. */
  readonly hasPasswords: boolean;
}

const plain = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

/** A value in quotes may hold line breaks and semicolons. */
function statementsOf(text: string): string[] {
  const statements: string[] = [];
  let open = '';
  for (const line of text.split('\n')) {
    if (open === '' && (line.trim() === '' || /^(--|\\|SET |SELECT pg_catalog\.)/.test(line))) continue;
    open = open === '' ? line : `${open}\n${line}`;
    if (!open.endsWith(';') || (open.split("'").length - 1) % 2 === 1) continue;
    statements.push(open);
    open = '';
  }
  return open === '' ? statements : [...statements, open];
}

function readGlobals(text: string): Globals {
  const roles = new Map<string, Role>();
  const roleOf = (name: string | undefined): Role => {
    const key = plain(name ?? '');
    const role = roles.get(key) ?? { attributes: [], settings: new Map(), memberOf: new Map() };
    roles.set(key, role);
    return role;
  };
  const others: string[] = [];
  for (const statement of statementsOf(text)) {
    const created = CREATE.exec(statement);
    const attributes = WITH.exec(statement);
    const setting = SET.exec(statement);
    const member = MEMBER.exec(statement);
    if (created) roleOf(created[1]);
    else if (attributes) {
      const role = roleOf(attributes[1]);
      const [, , rest = ''] = attributes;
      const password = PASSWORD.exec(rest)?.[1];
      if (password !== undefined) role.password = password;
      role.attributes = rest.replace(PASSWORD, '').match(/VALID UNTIL '[^']*'|CONNECTION LIMIT -?\d+|\S+/g) ?? [];
    } else if (setting) roleOf(setting[1]).settings.set(`${setting[2]}${setting[3]}`, setting[4] ?? '');
    else if (member) roleOf(member[2]).memberOf.set(plain(member[1] ?? ''), (member[3] ?? '').trim());
    else others.push(statement);
  }
  return { roles, others, hasPasswords: [...roles.values()].some(({ password }) => password !== undefined) };
}

const positive = ({ attributes }: Role): string[] =>
  attributes.filter((word) => !/^NO[A-Z]+$/.test(word) && word !== 'INHERIT');
/** What lets somebody in, or lets a role do more. */
const POWER = /^(SUPERUSER|LOGIN|CREATEROLE|CREATEDB|REPLICATION|BYPASSRLS)$/;

const membership = ([group, options]: readonly [string, string]): string =>
  `${group}${options === '' ? '' : ` ${options}`}`;

function newRole(name: string, role: Role): Change {
  const groups = [...role.memberOf].map(membership);
  return {
    kind: 'added',
    what: role.attributes.includes('SUPERUSER') ? 'superuser' : 'role',
    name,
    rank: 'foothold',
    facts: [
      positive(role).join(' ') || 'without login',
      ...(groups.length === 0 ? [] : [`member of ${groups.join(', ')}`]),
    ],
  };
}

/** `+` what is new or has another value, `-` what is gone. */
function mapFacts(what: string, old: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const line = (sign: string, [key, value]: readonly [string, string]) =>
    `${sign} ${what} ${shown(`${key}${value === '' ? '' : ` ${value}`}`)}`;
  return [
    ...[...now].filter(([key, value]) => old.get(key) !== value).map((each) => line('+', each)),
    ...[...old].filter(([key, value]) => now.get(key) !== value).map((each) => line('-', each)),
  ];
}

function changedRole(name: string, old: Role, now: Role, hasPasswords: boolean): Change[] {
  const gained = positive(now).filter((word) => !positive(old).includes(word));
  const lost = positive(old).filter((word) => !positive(now).includes(word));
  const members = mapFacts('member of', old.memberOf, now.memberOf);
  const facts = [
    ...gained.map((word) => `+ ${word}`),
    ...lost.map((word) => `- ${word}`),
    ...members,
    ...(hasPasswords && old.password !== now.password ? ['password changed'] : []),
    ...mapFacts('setting', old.settings, now.settings),
  ];
  if (facts.length === 0) return [];
  const isMore = gained.some((word) => POWER.test(word)) || members.some((fact) => fact.startsWith('+'));
  const what = gained.includes('SUPERUSER') ? 'superuser' : 'role';
  return [{ kind: 'changed', what, name, rank: isMore ? 'foothold' : 'access', facts }];
}

export function compareRoles(workload: string, before: string, after: string): Section {
  const [old, now] = [readGlobals(before), readGlobals(after)];
  const hasPasswords = old.hasPasswords && now.hasPasswords;
  const roles = [...now.roles].flatMap(([name, role]) => {
    const was = old.roles.get(name);
    return was === undefined ? [newRole(name, role)] : changedRole(name, was, role, hasPasswords);
  });
  const gone = [...old.roles.keys()].filter((name) => !now.roles.has(name));
  const statements = (kind: 'added' | 'removed', these: readonly string[], those: readonly string[]): Change[] =>
    these
      .filter((each) => !those.includes(each))
      .map((each) => ({ kind, what: 'cluster-wide statement', name: shown(each), rank: 'access', facts: [] }));
  const changes: Change[] = [
    ...roles,
    ...gone.map((name): Change => ({ kind: 'removed', what: 'role', name, rank: 'access', facts: [] })),
    ...statements('added', now.others, old.others),
    ...statements('removed', old.others, now.others),
  ];
  const notes = hasPasswords ? [] : ['one of the dumps holds no hashes: whether a password changed is not known'];
  return section(workload, 'PostgreSQL: roles', changes, { notes });
}
