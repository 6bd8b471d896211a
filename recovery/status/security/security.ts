/** `dr health --security`: what an intruder changes and leaves behind. What can't be seen from here is said, never taken for good. */
import { readFile, stat } from 'node:fs/promises';
import { isOnOtherHost } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import { checkRetiredPostgres } from '../../workloads/postgres/health.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { checkRetiredRedis } from '../../workloads/redis/health.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { checkHardening } from '../health/hardening.ts';
import { isFailed } from '../health/types.ts';
import { checkAccess } from './access.ts';
import { openPorts } from './ports.ts';
import { capturedRoles, compareRoles, type Role } from './roles.ts';
import { checkUnfinished } from './unfinished.ts';

export interface SecurityReport {
  readonly at: string;
  readonly environment: string;
  readonly secure: boolean;
  readonly checks: readonly HealthCheck[];
}

const unseen = (id: string, title: string, fact: string): HealthCheck => ({
  id,
  title,
  ok: undefined,
  fact: `not seen: ${fact}`,
});

const LIVE = `SELECT rolname AS name, rolsuper AS superuser, rolcanlogin AS login, rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS powers
  FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname`;

async function checkRoles(site: Site): Promise<HealthCheck[]> {
  const { postgres } = site.environment;
  const [id, title] = ['roles', 'Roles of the database are those of the capture'];
  if (postgres === undefined) return [unseen(id, title, 'dr.yaml has no postgres')];
  const live = await withClient(site, postgres, async (client) => (await client.query<Role>(LIVE)).rows, 'postgres');
  const captured = await capturedRoles(site);
  const supers = live.filter(({ superuser }) => superuser).map(({ name }) => name);
  const named: HealthCheck = { id: 'roles/superusers', title: 'Superusers', ok: undefined, fact: supers.join(', ') };
  if ('fact' in captured) return [named, unseen(id, title, captured.fact)];
  const { faults, gone } = compareRoles(live, captured.roles);
  const fact = faults.length > 0 ? faults.join('; ') : `${live.length} roles, as in the dump of ${captured.point}`;
  return [
    named,
    {
      id,
      title,
      ok: faults.length === 0,
      fact: gone.length === 0 ? fact : `${fact}; gone since then: ${gone.join(', ')}`,
    },
  ];
}

async function checkHba(site: Site): Promise<HealthCheck[]> {
  const { postgres } = site.environment;
  if (postgres === undefined) return [];
  const question = `SELECT line_number AS line, type, array_to_string(user_name, ',') AS users FROM pg_hba_file_rules
    WHERE error IS NULL AND auth_method = 'trust' ORDER BY line_number`;
  const rows = await withClient(
    site,
    postgres,
    async (client) => (await client.query<{ line: number; type: string; users: string }>(question)).rows,
    'postgres',
  );
  const fact = rows.map(({ line, type, users }) => `line ${line} (${type}) lets ${users} in`).join('; ');
  return [
    {
      id: 'hba',
      title: 'No rule of pg_hba.conf asks for no password',
      ok: rows.length === 0,
      fact: fact || 'none does',
    },
  ];
}

async function checkRetired(site: Site): Promise<HealthCheck[]> {
  const tried = [...(await checkRetiredPostgres(site)), ...(await checkRetiredRedis(site))];
  if (tried.length > 0) return tried;
  return [
    unseen(
      'retired',
      'Old passwords are refused',
      'dr.yaml names no retired one; `dr secrets rotate` adds those that it replaces',
    ),
  ];
}

/** Paths of files that dr.yaml names as secrets. */
function secretFiles(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(secretFiles);
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'file' && typeof inner === 'string') return [inner];
    if (['key', 'kubeconfig', 'credentials'].includes(key) && typeof inner === 'string' && inner.startsWith('/'))
      return [inner];
    return secretFiles(inner);
  });
}

async function checkKeys(site: Site): Promise<HealthCheck[]> {
  const files = [...new Set([site.file, ...secretFiles(site.environment)])];
  const open: string[] = [];
  const absent: string[] = [];
  for (const file of files) {
    const found = await stat(file).catch(ifAbsent(undefined));
    if (found === undefined) absent.push(file);
    // dr.yaml holds no secret: others may read it, and nobody else may write it.
    else if ((found.mode & (file === site.file ? 0o022 : 0o027)) !== 0)
      open.push(`${file} (${(found.mode & 0o777).toString(8)})`);
  }
  const title = 'Keys and settings are closed to others';
  if (open.length > 0) return [{ id: 'keys', title, ok: false, fact: `others can use ${open.join(', ')}` }];
  if (absent.length > 0)
    return [{ id: 'keys', title, ok: false, fact: `can’t be looked at, they are missing: ${absent.join(', ')}` }];
  return [{ id: 'keys', title, ok: true, fact: `${files.length} files` }];
}

async function checkDataFolder(site: Site): Promise<HealthCheck[]> {
  const { postgres } = site.environment;
  if (postgres === undefined || isOnOtherHost(postgres)) return [];
  const { mode } = await stat(postgres.dataDir);
  const ok = (mode & 0o027) === 0;
  return [
    {
      id: 'data-folder',
      title: 'The data directory is closed to others',
      ok,
      fact: `${postgres.dataDir} has mode ${(mode & 0o777).toString(8)}`,
    },
  ];
}

async function checkPorts(site: Site): Promise<HealthCheck[]> {
  const [id, title] = ['ports', 'Ports that are open to other hosts'];
  const texts = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(ifAbsent(undefined))),
  );
  if (texts.every((text) => text === undefined)) return [unseen(id, title, 'this system has no /proc/net/tcp')];
  const ports = openPorts(texts.filter((text) => text !== undefined).join('\n'));
  const wanted = site.environment.exposedPorts;
  if (wanted === undefined) {
    const fact =
      ports.length === 0
        ? 'none'
        : `${ports.join(', ')}; say in dr.yaml which may be: exposedPorts: [${ports.join(', ')}]`;
    return [{ id, title, ok: ports.length === 0 ? true : undefined, fact }];
  }
  const others = ports.filter((port) => !wanted.includes(port));
  const fact =
    others.length === 0 ? ports.join(', ') || 'none' : `${others.join(', ')} beside those that dr.yaml expects`;
  return [{ id, title, ok: others.length === 0, fact }];
}

/** Every check is made, also after one that could not look: that one has failed. */
export async function checkSecurity(site: Site, now: () => Date): Promise<SecurityReport> {
  const groups: readonly (readonly [id: string, title: string, check: () => Promise<HealthCheck[]>])[] = [
    ['roles', 'Roles of the database are those of the capture', () => checkRoles(site)],
    ['hba', 'No rule of pg_hba.conf asks for no password', () => checkHba(site)],
    ['retired', 'Old passwords are refused', () => checkRetired(site)],
    ['unfinished', 'Nothing that keeps an intruder out is half done', () => checkUnfinished(site)],
    ['keys', 'Keys and settings are closed to others', () => checkKeys(site)],
    ['data-folder', 'The data directory is closed to others', () => checkDataFolder(site)],
    ['ports', 'Ports that are open to other hosts', () => checkPorts(site)],
    ['access', 'Network policies and rights are those of the capture', () => checkAccess(site)],
    ['pod-security', 'As strict as the plan', () => podSecurity(site)],
  ];
  const checks: HealthCheck[] = [];
  for (const [id, title, check] of groups) {
    try {
      checks.push(...(await check()));
    } catch (error) {
      if (site.signal?.aborted) throw error;
      rethrowBug(error);
      checks.push({ id, title, ok: false, fact: `could not look: ${asDrError(error, id).fact}` });
    }
  }
  return { at: now().toISOString(), environment: site.environment.name, secure: !checks.some(isFailed), checks };
}

async function podSecurity(site: Site): Promise<HealthCheck[]> {
  if (site.environment.kubernetes === undefined)
    return [
      unseen('pod-security', 'Pod security', 'dr.yaml names no cluster; of a stack: dr --stack NAME health --security'),
    ];
  const found = await checkHardening(site, site.signal);
  if (found.length > 0) return found;
  return [{ id: 'pod-security', title: 'As strict as the plan', ok: true, fact: 'every namespace is' }];
}
