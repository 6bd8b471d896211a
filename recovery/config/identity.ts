/**
 * Which host writes for a site. A name is typed, and two hosts can have the same one; so each site has a key of its own, which its first
 * host makes. It stands in every point. Another host that writes for the site has to take its place first: by a restore, or by
 * `dr init --adopt`.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DrError, hasCode } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { isOnOtherHost } from './environment.ts';
import type { Site } from './site.ts';

const identitySchema = z.strictObject({
  /** The site's key. */
  id: z.string(),
  /** Keys of the hosts whose place this one took. */
  adopts: z.array(z.string()),
  since: z.iso.datetime(),
});
export type Identity = z.infer<typeof identitySchema>;

function fileOf({ environment }: Site): string {
  return join(environment.stateDir, 'identity.json');
}

/** Undefined on a host that has not written for the site yet. Throws `IDENTITY-UNREADABLE`. */
export async function readIdentity(site: Site): Promise<Identity | undefined> {
  let text: string;
  try {
    text = await readFile(fileOf(site), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return identitySchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DrError({
      code: 'IDENTITY-UNREADABLE',
      where: fileOf(site),
      fact: 'does not say who this host is',
      hint: 'put the file back from a copy, or move it away and run `dr init --adopt`',
      cause,
    });
  }
}

type Place = (temporary: string, file: string) => Promise<void>;

async function writeIdentity(site: Site, identity: Identity, place: Place = rename): Promise<Identity> {
  await mkdir(site.environment.stateDir, { recursive: true, mode: 0o755 });
  const temporary = `${fileOf(site)}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${JSON.stringify(identity, undefined, 2)}\n`, { flush: true, mode: 0o640 });
  await place(temporary, fileOf(site)).finally(() => rm(temporary, { force: true }));
  return identity;
}

/** Makes the site's key where this host has none. */
export async function ensureIdentity(site: Site, now: Date): Promise<Identity> {
  const known = await readIdentity(site);
  if (known !== undefined) return known;
  try {
    return await writeIdentity(site, { id: randomUUID(), adopts: [], since: now.toISOString() }, link);
  } catch (error) {
    // Another run was faster: its key counts.
    if (!hasCode(error, 'EEXIST')) throw error;
    return ensureIdentity(site, now);
  }
}

/** From now on this host writes for the site, and the one with the key `owner` is a stranger: the copy of a host has its key too. */
export async function adoptSite(site: Site, owner: string, now: Date): Promise<Identity> {
  const known = await readIdentity(site);
  const id = known === undefined || known.id === owner ? randomUUID() : known.id;
  const adopts = [...new Set([...(known?.adopts ?? []), owner])];
  return writeIdentity(site, { id, adopts, since: now.toISOString() });
}

/** Version 0.1 made no key. Its lineage, or its finished restore, shows that this host has written for the site before. */
export async function hasHistory({ environment }: Site): Promise<boolean> {
  const names = await readdir(environment.stateDir).catch((error: unknown): string[] => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return ['lineage.json', 'ready.json'].some((name) => names.includes(name));
}

/** sha256 of /etc/machine-id, which is not to be shown as it is; empty where there is none, as in containers. */
async function machineDigest(): Promise<string> {
  const text = await readFile('/etc/machine-id', 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'EACCES')) return '';
    throw error;
  });
  const id = text.trim();
  return id === '' || id === 'uninitialized' ? '' : createHash('sha256').update(`go-coffee-dr ${id}`).digest('hex');
}

export interface OriginFacts {
  readonly id: string;
  readonly adopts: string[];
  readonly machine: string;
  readonly host: string;
}

/** As each point repeats it. */
export async function originOf({ id, adopts }: Identity): Promise<OriginFacts> {
  return { id, adopts: [...adopts], machine: await machineDigest(), host: hostname() };
}

/** A host is a machine with disks of its own. Pods share the state folder and have no machine of their own. */
function isMachine({ environment }: Site): boolean {
  const { postgres, redis, kubernetes } = environment;
  return !isOnOtherHost(postgres) && !isOnOtherHost(redis) && kubernetes?.inCluster !== true;
}

/** By its key, and where that can be known by its machine. */
export async function isThisHost(
  site: Site,
  origin: Pick<OriginFacts, 'id' | 'machine'>,
  known: Identity | undefined,
): Promise<boolean> {
  if (known?.id !== origin.id) return false;
  const here = await machineDigest();
  return !isMachine(site) || origin.machine === '' || here === '' || origin.machine === here;
}
