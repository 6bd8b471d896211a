/**
 * What belongs to a data directory and lies outside of it: tablespaces, a linked `pg_wal`, linked configuration files. They may be on a
 * disk that has survived, hold the last transactions, or belong to another server of this host by now.
 */
import { constants } from 'node:fs';
import { access, mkdir, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Site } from '../../../config/site.ts';
import { isThere } from '../../../core/absent.ts';
import { makeOwnedFolder } from '../../../core/account.ts';
import { codeOf, hasCode, precondition } from '../../../core/errors.ts';
import { allPids, processStat } from '../../../core/pids.ts';
import type { SetLayout } from '../../../engines/pgbackrest/set-layout.ts';
import { besides } from '../../folder.ts';
import type { SetItem } from '../../restore-plan.ts';

interface Outside {
  readonly what: string;
  readonly destination: string;
  readonly isTablespace: boolean;
  /** A linked `postgresql.conf`, not a folder. */
  readonly isFile: boolean;
}

function outsideOf({ links, tablespaces }: SetLayout): Outside[] {
  return [
    ...links.map(({ name, destination }) => ({
      what: `link ${name}`,
      destination,
      isTablespace: false,
      // No folder of PostgreSQL has a dot in its name.
      isFile: /\.[^/]*$/.test(name),
    })),
    ...tablespaces.map(({ name, destination }) => ({
      what: `tablespace ${name}`,
      destination,
      isTablespace: true,
      isFile: false,
    })),
  ];
}

const GONE = ['ENOENT', 'ENOTDIR'];
/** Another account's process, or one that has ended meanwhile. */
const NOT_OURS = [...GONE, 'EACCES', 'EPERM', 'ESRCH'];

async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (hasCode(error, ...NOT_OURS)) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, ...NOT_OURS)) return [];
    throw error;
  }
}

/** Data directories of the servers that run on this host: a server works in its own. */
async function livingDataDirs(): Promise<string[]> {
  const found = new Set<string>();
  for (const pid of await allPids()) {
    if (!/^(postgres|postmaster)/.test(processStat(pid)?.name ?? '')) continue;
    try {
      found.add(await readlink(`/proc/${pid}/cwd`));
    } catch (error) {
      if (!hasCode(error, ...NOT_OURS)) throw error;
    }
  }
  return [...found];
}

/** Real paths outside of a data directory that its server uses. */
async function usedBy(dataDir: string): Promise<string[]> {
  const spaces = (await namesIn(join(dataDir, 'pg_tblspc'))).map((name) => join(dataDir, 'pg_tblspc', name));
  const paths = await Promise.all([join(dataDir, 'pg_wal'), ...spaces].map(resolved));
  return paths.filter((path) => path !== undefined);
}

async function nearest(path: string): Promise<string> {
  if (path === '/' || (await isThere(path))) return path;
  return nearest(dirname(path));
}

/** Root hands folders over to the server's account; what lies above them that account has to pass. Undefined for what it may do. */
async function refusedFor(site: Site, path: string, what: 'write' | 'pass'): Promise<string | undefined> {
  if (!(await stat(path)).isDirectory()) return undefined;
  const as = site.environment.runAs;
  const flag = what === 'pass' ? '-x' : '-w';
  const { exitCode } = await site.run(['test', flag, path], { as, accept: [0, 1], cwd: '/' });
  return exitCode === 0 ? undefined : `the account ${as ?? 'of this process'} may not ${what} ${path}`;
}

/** Throws `PATH-NOT-WRITABLE` (exit 6) where the file system is read-only or the account may not write. */
async function checkWritable(site: Site, what: string, path: string): Promise<void> {
  const there = await nearest(path);
  let why: string | undefined;
  try {
    await access(there, constants.W_OK);
  } catch (error) {
    why = codeOf(error) ?? String(error);
  }
  const isRoot = process.getuid?.() === 0;
  // A fresh volume's folder is root's and closed, and gets its owner later.
  const passed = there === path ? dirname(path) : there;
  why ??= await (there === path && !isRoot ? refusedFor(site, path, 'write') : refusedFor(site, passed, 'pass'));
  if (why === undefined) return;
  throw precondition({
    code: 'PATH-NOT-WRITABLE',
    where: what,
    fact: `${path} can't be written: ${why}${there === path ? '' : ` (${there})`}`,
    hint: 'mount that disk writable or make the folder for the server’s account, then run the same command again',
  });
}

/**
 * Proves that each path of the set can be written, and that no other server of this host uses it. Throws `PATH-NOT-WRITABLE` or
 * `PATH-IN-USE` (exit 6).
 */
export async function checkOutside(site: Site, dataDir: string, layout: SetLayout): Promise<void> {
  await checkWritable(site, 'postgres.dataDir', dataDir);
  const outside = outsideOf(layout);
  if (outside.length === 0) return;
  const own = (await resolved(dataDir)) ?? dataDir;
  const others = (await livingDataDirs()).filter((other) => other !== own);
  const used = await Promise.all(others.map(async (other) => ({ other, paths: await usedBy(other) })));
  for (const { what, destination } of outside) {
    await checkWritable(site, what, destination);
    const real = (await resolved(destination)) ?? destination;
    const holder = used.find(({ paths }) => paths.includes(real));
    if (holder === undefined) continue;
    throw precondition({
      code: 'PATH-IN-USE',
      where: what,
      fact: `${destination} belongs to the PostgreSQL that runs on ${holder.other}`,
      hint: 'a restore beside a living cluster would overwrite its files: restore on another host, or try the point with `dr verify --deep`',
    });
  }
}

/** Names in a folder; none where nothing is there, and for a file its own. What can't be read is not empty. */
async function contentsOf(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOTDIR')) return [basename(path)];
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * What the restore would replace outside of the data directory: of a lost one, or of another cluster that does not run now. One line
 * for each path.
 */
export async function occupiedOutside(
  { serverVersion }: Pick<SetItem['capture'], 'serverVersion'>,
  layout: SetLayout,
): Promise<string[]> {
  const [major = ''] = serverVersion.split('.');
  const lines: string[] = [];
  for (const { what, destination, isTablespace } of outsideOf(layout)) {
    const names = await contentsOf(destination);
    const replaced = isTablespace ? names.filter(ownFolder(major)) : names;
    if (replaced.length === 0) continue;
    const shown = isTablespace ? `${destination}/${replaced.join(', ')}` : destination;
    lines.push(`${what}: ${shown} is there and is replaced, whichever cluster it is of`);
  }
  return lines;
}

/** The folder `pg_wal` of the data directory, or the linked one that has survived it. */
export async function walFolder({ destination, layout }: Pick<SetItem, 'destination' | 'layout'>): Promise<string> {
  const own = join(destination, 'pg_wal');
  if (await isThere(own)) return own;
  return layout?.links.find(({ name }) => name === 'pg_wal')?.destination ?? own;
}

/** Below the state directory, for a disk of its own that has no place beside the folder. */
function keptBelow({ environment }: Site, planId: string): string {
  return join(environment.stateDir, 'restore', planId, 'before');
}

/** Moved and kept until everything is verified. */
async function moveAside(site: Site, planId: string, path: string, aside: string): Promise<void> {
  try {
    await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
    await rename(path, aside);
  } catch (error) {
    if (!hasCode(error, 'EXDEV', 'EBUSY', 'EACCES', 'EROFS')) throw error;
    const kept = join(keptBelow(site, planId), path);
    await mkdir(dirname(kept), { recursive: true, mode: 0o700 });
    await site.run(['mv', path, kept]);
  }
}

/** Folders of this major version in a tablespace: another cluster's may lie beside them. */
const ownFolder =
  (major: string) =>
  (name: string): boolean =>
    name.startsWith(`PG_${major}_`);

const NONE: SetLayout = { links: [], tablespaces: [] };

/**
 * Makes place for what a lost data directory left outside of it: pgBackRest refuses folders that are not empty. Idempotent. With `delta`
 * pgBackRest keeps what is right there itself, and only missing folders are made.
 */
export async function clearOutside(
  site: Site,
  planId: string,
  { layout = NONE, capture }: Pick<SetItem, 'layout' | 'capture'>,
  { delta }: { readonly delta: boolean },
): Promise<void> {
  const [major = ''] = capture.serverVersion.split('.');
  for (const { destination, isTablespace, isFile } of outsideOf(layout)) {
    // pgBackRest runs as an account that may not make a folder there.
    await makeOwnedFolder(isFile ? dirname(destination) : destination, site.environment.runAs);
    if (delta || !(await isThere(destination))) continue;
    const before = besides(destination, planId, 'before');
    if (!(await stat(destination)).isDirectory()) {
      await moveAside(site, planId, destination, before);
      continue;
    }
    const names = await readdir(destination);
    // A tablespace is large and often a disk of its own: what is moved stays on it.
    if (isTablespace) {
      for (const name of names.filter(ownFolder(major))) {
        const path = join(destination, name);
        await moveAside(site, planId, path, besides(path, planId, 'before'));
      }
    } else for (const name of names) await moveAside(site, planId, join(destination, name), join(before, name));
  }
}

/** Removes what `clearOutside` has kept: everything is verified. */
export async function dropOutside(
  site: Site,
  planId: string,
  { layout = NONE }: Pick<SetItem, 'layout'>,
): Promise<void> {
  const drop = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 5 });
  await drop(keptBelow(site, planId));
  for (const { destination, isTablespace } of outsideOf(layout)) {
    await drop(besides(destination, planId, 'before'));
    if (!isTablespace) continue;
    for (const name of await namesIn(destination))
      if (name.startsWith('.') && name.endsWith(`.dr-${planId}-before`)) await drop(join(destination, name));
  }
}
