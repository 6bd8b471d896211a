/** A base backup of an external server: by pg_basebackup, checked file by file by pg_verifybackup. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../../config/site.ts';
import { DrError, verificationFailed } from '../../../core/errors.ts';
import { connectionOptions, programArguments, withServer } from '../postgres/server.ts';
import { type Base, type Chain, freshBase, writeBase } from './chain.ts';
import type { Replicating } from './replication.ts';

/** A base whose copy moves no data for so long has lost its server. */
const IDLE_SECONDS = 600;

const NOW = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`;

/** By the server's clock, ISO 8601. */
async function serverNow(site: Site, { server }: Pick<Replicating, 'server'>): Promise<string> {
  const { rows } = await withServer(site, server, (client) => client.query<{ now: string }>(NOW));
  return rows[0]?.now ?? new Date().toISOString();
}

async function verifyBase(site: Site, bin: string, folder: string, signal?: AbortSignal): Promise<void> {
  try {
    const argv = [join(bin, 'pg_verifybackup'), '--exit-on-error', '--quiet', folder] as const;
    await site.run(argv, { as: site.environment.runAs, cwd: '/', signal });
  } catch (cause) {
    if (!(cause instanceof DrError) || cause.code !== 'ENGINE-FAILED') throw cause;
    throw verificationFailed({
      code: 'BASE-DAMAGED',
      where: folder,
      fact: `pg_verifybackup: ${cause.fact}`,
      hint: 'the base backup is not used; the next backup makes another one',
      cause,
    });
  }
}

/** `START WAL LOCATION: 0/3000028 (file 000000010000000000000003)` */
async function firstWalOf(folder: string): Promise<string> {
  const label = await readFile(join(folder, 'backup_label'), 'utf8');
  const found = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/m.exec(label)?.[1];
  if (found !== undefined) return found;
  throw verificationFailed({
    code: 'BASE-DAMAGED',
    where: join(folder, 'backup_label'),
    fact: 'it does not say where replay begins',
    hint: 'the base backup is not used; the next backup makes another one',
  });
}

/** It holds the WAL that makes it consistent. Throws `BASE-DAMAGED` (exit 5); what is not good is removed. */
export async function takeBase(site: Site, found: Replicating, chain: Chain, signal?: AbortSignal): Promise<Base> {
  const { server, bin, version, systemId, segmentBytes, superuser } = found;
  const startedAt = await serverNow(site, found);
  const id = startedAt.replaceAll(/[-:]/g, '').replace('.', '');
  const folder = await freshBase(site, chain, id);
  const argv = [
    join(bin, 'pg_basebackup'),
    ...programArguments(server),
    `--pgdata=${folder}`,
    '--checkpoint=fast',
    '--wal-method=stream',
    '--no-password',
    '--manifest-checksums=SHA256',
    `--label=go-coffee-dr ${id}`,
    '--progress',
  ] as [string, ...string[]];
  try {
    const options = {
      ...(await connectionOptions(site, server)),
      as: site.environment.runAs,
      cwd: chain.bases,
      signal,
    };
    await site.run(argv, { ...options, keep: 'ends', idle: { seconds: IDLE_SECONDS, bytes: 1024 * 1024 } });
    await verifyBase(site, bin, folder, signal);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const endedAt = await serverNow(site, found);
  const firstWal = await firstWalOf(folder);
  const base = { id, startedAt, endedAt, firstWal, systemId, serverVersion: version, segmentBytes, superuser };
  await writeBase(site, chain, base);
  return base;
}
