/** The roles of a database against those of its newest logical dump. */
import { selectWorkloads } from '../../../plan/select.ts';
import { presentRepositories } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { inspectRepository, newestCaptures } from '../probes/repositories.ts';

export interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly login: boolean;
  /** Creates roles or databases, replicates, or goes past row security. */
  readonly powers: boolean;
}

const POWERS = /\b(?:CREATEROLE|CREATEDB|REPLICATION|BYPASSRLS)\b/;

/** @param globals what `pg_dumpall --globals-only` wrote */
export function rolesIn(globals: string): Role[] {
  return globals.split('\n').flatMap((line) => {
    const [, quoted, bare, rest = ''] = /^ALTER ROLE (?:"((?:[^"]|"")+)"|(\S+)) WITH (.*);$/.exec(line) ?? [];
    const name = quoted?.replaceAll('""', '"') ?? bare;
    if (name === undefined) return [];
    const words = rest.replace(/ PASSWORD '.*/, '');
    return [
      { name, superuser: /\bSUPERUSER\b/.test(words), login: /\bLOGIN\b/.test(words), powers: POWERS.test(words) },
    ];
  });
}

/** Faults: roles that are new, or may more than then. Pure. */
export function compareRoles(
  live: readonly Role[],
  captured: readonly Role[],
): { readonly faults: string[]; readonly gone: string[] } {
  const before = new Map(captured.map((role) => [role.name, role]));
  const faults = live.flatMap((role): string[] => {
    const was = before.get(role.name);
    const words = role.superuser ? 'a superuser' : role.login ? 'it can log in' : 'without login';
    if (was === undefined) return [`"${role.name}" is not in the capture (${words})`];
    return [
      ...(role.superuser && !was.superuser ? [`"${role.name}" has become a superuser`] : []),
      ...(role.login && !was.login ? [`"${role.name}" can log in, and could not`] : []),
      ...(role.powers && !was.powers && !role.superuser ? [`"${role.name}" may more than in the capture`] : []),
    ];
  });
  const names = new Set(live.map(({ name }) => name));
  return { faults, gone: captured.filter(({ name }) => !names.has(name)).map(({ name }) => name) };
}

export type CapturedRoles = { readonly point: string; readonly roles: readonly Role[] } | { readonly fact: string };

/** Undefined where the repository has no logical dump with the roles. */
async function rolesOf(site: Site, repository: Repository, dump: string): Promise<CapturedRoles | undefined> {
  const inspection = await inspectRepository(site, repository);
  const capture = newestCaptures([inspection]).get(dump);
  if (capture === undefined || capture.engine !== 'restic') return undefined;
  const restic = openRestic(site, repository, 'restorer');
  const { stdout } = await restic.run(['ls', '--json', capture.snapshot]);
  const path = stdout
    .split('\n')
    .flatMap((line) => (line.includes('globals.sql') ? [JSON.parse(line) as { path?: string }] : []))
    .find((each) => each.path?.endsWith('/globals.sql'))?.path;
  if (path === undefined) return undefined;
  // It holds digests of passwords: read into memory alone.
  const globals = await restic.run(['dump', capture.snapshot, path]);
  return { point: capture.capturedAt, roles: rolesIn(globals.stdout) };
}

/** Of the first repository that gives a logical dump; one that can't be read is passed over, and named where none gives one. */
export async function capturedRoles(site: Site): Promise<CapturedRoles> {
  const dump = selectWorkloads(site.plan, ['type:postgres-dump'])[0]?.id;
  if (dump === undefined) return { fact: 'the plan has no logical dump' };
  const unread: string[] = [];
  for (const repository of presentRepositories(site)) {
    try {
      const found = await rolesOf(site, repository, dump);
      if (found !== undefined) return found;
    } catch (error) {
      if (site.signal?.aborted || !(error instanceof DrError)) throw error;
      unread.push(`${repository.id}: ${error.fact}`);
    }
  }
  if (unread.length > 0) return { fact: `no repository gives the roles (${unread.join('; ')})` };
  return { fact: 'no repository has a logical dump with the roles: dr backup --kind full' };
}
