/** Where the evidence of this host is: data, write-ahead log, settings, logs, journals. What is not here is a gap, never left out. */

import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isOnOtherHost } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { ifAbsent, isThere } from '../core/absent.ts';
import type { Gap } from '../core/errors.ts';

export interface Source {
  readonly id: string;
  readonly what: string;
  readonly path: string;
}

export interface Sources {
  readonly sources: readonly Source[];
  readonly gaps: readonly Gap[];
}

/** What lies behind links of a data directory: restic follows none. */
async function behindLinks(dataDir: string): Promise<Source[]> {
  const spaces = await readdir(join(dataDir, 'pg_tblspc')).catch(ifAbsent<string[]>([]));
  const links = [join(dataDir, 'pg_wal'), ...spaces.map((name) => join(dataDir, 'pg_tblspc', name))];
  const real = await Promise.all(links.map(async (link) => realpath(link).catch(ifAbsent(link))));
  return real.flatMap((path, n) =>
    path.startsWith(`${dataDir}/`)
      ? []
      : [
          {
            id: n === 0 ? 'postgres-wal' : `postgres-tablespace-${spaces[n - 1]}`,
            what: 'PostgreSQL’s files behind a link',
            path,
          },
        ],
  );
}

const elsewhere = (store: string, host: string | undefined): Gap => ({
  id: store,
  fact: `its files are on ${host ?? 'another host'}`,
  hint: 'collect them there, or take a snapshot of its volume',
});

/** @param more further paths, as typed */
export async function sourcesOf(site: Site, more: readonly string[]): Promise<Sources> {
  const { postgres, redis, external, evidence, folders, stateDir } = site.environment;
  const wanted: Source[] = [];
  const gaps: Gap[] = [];
  if (postgres !== undefined && isOnOtherHost(postgres)) gaps.push(elsewhere('postgres', postgres.host));
  else if (postgres !== undefined) {
    const { dataDir, configDir, logFile } = postgres;
    wanted.push({ id: 'postgres', what: 'PostgreSQL’s data directory with its WAL', path: dataDir });
    wanted.push(...(await behindLinks(dataDir)));
    if (configDir !== undefined)
      wanted.push({ id: 'postgres-config', what: 'PostgreSQL’s configuration', path: configDir });
    if (logFile !== undefined) wanted.push({ id: 'postgres-log', what: 'PostgreSQL’s log', path: logFile });
  }
  if (redis !== undefined && isOnOtherHost(redis)) gaps.push(elsewhere('redis', redis.host));
  else if (redis !== undefined) {
    wanted.push({ id: 'redis', what: 'Redis’ files', path: redis.dataDir });
    if (redis.configFile !== undefined)
      wanted.push({ id: 'redis-config', what: 'Redis’ configuration', path: redis.configFile });
  }
  for (const id of Object.keys(external ?? {}))
    gaps.push({
      id,
      fact: 'it stays where it is: its files and logs are its provider’s',
      hint: 'ask the provider for its logs and a snapshot',
    });
  for (const [id, { path }] of Object.entries(folders))
    wanted.push({ id: `folder-${id}`, what: `the folder ${id}`, path });
  for (const name of ['journal', 'isolate'])
    wanted.push({ id: `dr-${name}`, what: 'journals of dr', path: join(stateDir, name) });
  const named = [...(evidence?.paths ?? []), ...more];
  for (const [n, path] of named.entries()) wanted.push({ id: `path-${n + 1}`, what: 'named by a person', path });
  for (const [n, path] of (evidence?.auditLogs ?? []).entries())
    wanted.push({ id: `audit-log-${n + 1}`, what: 'audit log', path });
  if (named.length === 0) {
    gaps.push({
      id: 'logs',
      fact: 'no log of a service or of the system is named',
      hint: 'name them: --path /var/log, or evidence.paths in dr.yaml',
    });
  }
  const sources: Source[] = [];
  for (const source of wanted) {
    if (await isThere(source.path)) sources.push(source);
    else if (!source.id.startsWith('dr-'))
      gaps.push({
        id: source.id,
        fact: `${source.path} does not exist`,
        hint: 'it may have been removed: see the folder above it',
      });
  }
  return { sources, gaps };
}
