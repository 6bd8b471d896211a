/** Roles of a dump that a server lacks: those that it has stay as they are, with their passwords and rights. Pure. */

/** A name as `pg_dumpall` writes it. */
const NAME = '(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)';
const CREATE = new RegExp(`^CREATE ROLE (${NAME});$`);
const ALTER = new RegExp(`^ALTER ROLE (${NAME}) (?:WITH|SET|IN DATABASE) `);
const MEMBER = new RegExp(`^GRANT (${NAME}) TO (${NAME})(.*);$`);
/** Rights that only a superuser may give. */
const RIGHTS = /\b(?:SUPERUSER|REPLICATION|BYPASSRLS)\b/g;

const plain = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

export interface RolePlan {
  /** In the order of the dump. */
  readonly statements: readonly string[];
  /** Roles that are made. */
  readonly made: readonly string[];
  /** What the server's own user may not give, for people. */
  readonly without: readonly string[];
}

/**
 * @param globals what `pg_dumpall --globals-only` wrote
 * @param there roles of the server
 * @param superuser whether the user that runs the statements is one
 */
export function planRoles(globals: string, there: readonly string[], superuser: boolean): RolePlan {
  const lines = globals.split('\n');
  const dumped = lines.flatMap((line) => plain(CREATE.exec(line)?.[1] ?? '') || []);
  const made = dumped.filter((name) => !there.includes(name) && !name.startsWith('pg_'));
  const isMade = (name: string | undefined): boolean => made.includes(plain(name ?? ''));
  const without: string[] = [];
  const statements = lines.flatMap((line) => {
    const altered = ALTER.exec(line)?.[1];
    if (altered !== undefined && isMade(altered)) {
      const rights = superuser ? [] : (line.match(RIGHTS) ?? []);
      if (rights.length > 0) without.push(`${plain(altered)}: ${rights.join(', ')}`);
      return [
        superuser ? line : line.replaceAll(RIGHTS, '').replaceAll(/\bNO(?:SUPERUSER|REPLICATION|BYPASSRLS)\b/g, ''),
      ];
    }
    const [, group, member, options = ''] = MEMBER.exec(line) ?? [];
    // Who granted it may not be here.
    if (member !== undefined && isMade(member))
      return [`GRANT ${group} TO ${member}${options.replace(/ GRANTED BY .*$/, '')};`];
    return isMade(CREATE.exec(line)?.[1]) ? [line] : [];
  });
  return { statements, made, without };
}
