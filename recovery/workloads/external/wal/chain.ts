/**
 * The folders of an external server's WAL on this host. `receiving`: what `pg_receivewal` writes now. `chain`: what is copied, whose files
 * don't change any more: base backups, and all WAL since the older one.
 */
import { link, mkdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Site } from '../../../config/site.ts';
import { ifAbsent, isThere, namesIn } from '../../../core/absent.ts';
import { makeOwnedFolder, makeReachableFolder, writeOwnedFile } from '../../../core/account.ts';
import { DrError, hasCode } from '../../../core/errors.ts';
import { nextSegment, type SegmentBytes, segmentOfName } from '../../../points/wal-segment.ts';

export interface Chain {
  readonly receiving: string;
  readonly folder: string;
  readonly wal: string;
  readonly bases: string;
}

const rootOf = ({ environment }: Site): string => join(environment.stateDir, 'external-wal');

export function chainIn(folder: string): Omit<Chain, 'receiving'> {
  return { folder, wal: join(folder, 'wal'), bases: join(folder, 'bases') };
}

export function chainOf(site: Site): Chain {
  return { receiving: join(rootOf(site), 'receiving'), ...chainIn(join(rootOf(site), 'chain')) };
}

export async function makeChain(site: Site): Promise<Chain> {
  const chain = chainOf(site);
  const { runAs, stateDir } = site.environment;
  await makeReachableFolder(stateDir, chain.receiving, runAs);
  for (const folder of [chain.folder, chain.wal, chain.bases]) await makeOwnedFolder(folder, runAs);
  return chain;
}

const baseSchema = z.strictObject({
  id: z.string(),
  /** By the server's clock. From `endedAt` on each moment can be recovered to. */
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** The segment that replay begins with. */
  firstWal: z.string(),
  systemId: z.string(),
  serverVersion: z.string(),
  segmentBytes: z.number().int(),
  /** Name of the server's first superuser. */
  superuser: z.string(),
});
export type Base = z.infer<typeof baseSchema>;

const stateSchema = z.strictObject({
  /** All commits before this moment, by the server's clock, are received. */
  receivedTo: z.iso.datetime(),
  /** What the server held then. */
  contents: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type Received = z.infer<typeof stateSchema>;

/** Oldest first. A base without its document was not finished. */
export async function readBases({ bases }: Pick<Chain, 'bases'>): Promise<Base[]> {
  const names = (await namesIn(bases)).filter((name) => name.endsWith('.json'));
  const read = names.map(async (name) => baseSchema.parse(JSON.parse(await readFile(join(bases, name), 'utf8'))));
  return (await Promise.all(read)).sort((a, b) => (a.endedAt < b.endedAt ? -1 : 1));
}

export async function writeBase(site: Site, { bases }: Chain, base: Base): Promise<void> {
  const text = `${JSON.stringify(base, undefined, 1)}\n`;
  await writeOwnedFile(join(bases, `${base.id}.json`), text, 0o600, site.environment.runAs);
}

const STATE = 'received.json';

/** Undefined before the first capture. */
export async function readReceived({ folder }: Pick<Chain, 'folder'>): Promise<Received | undefined> {
  const text = await readFile(join(folder, STATE), 'utf8').catch(ifAbsent(undefined));
  return text === undefined ? undefined : stateSchema.parse(JSON.parse(text));
}

export async function writeReceived(site: Site, { folder }: Chain, received: Received): Promise<void> {
  await writeOwnedFile(join(folder, STATE), `${JSON.stringify(received)}\n`, 0o600, site.environment.runAs);
}

const SEGMENT = /^[0-9A-F]{24}$/;

/** Names of complete segments, oldest first. */
export async function segmentsIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => SEGMENT.test(name)).sort();
}

const notTaken = (name: string, said: string): DrError =>
  new DrError({
    code: 'WAL-NOT-TAKEN',
    where: name,
    fact: `it can't be copied beside the segments: ${said.trim()}`,
    hint: 'see whether the disk of stateDir is full or read-only, then run the same command again',
  });

/** Complete segments as links, and what is written just now as a copy. The newest one stays: the receiver goes on after it. */
export async function takeReceived(site: Site, { receiving, wal }: Chain): Promise<void> {
  const names = await namesIn(receiving);
  const complete = names.filter((name) => SEGMENT.test(name) || name.endsWith('.history'));
  const newest = complete
    .filter((name) => SEGMENT.test(name))
    .sort()
    .at(-1);
  for (const name of complete) {
    await link(join(receiving, name), join(wal, name)).catch((error: unknown) => {
      // An earlier capture has taken it.
      if (!hasCode(error, 'EEXIST')) throw error;
    });
    if (name !== newest && SEGMENT.test(name)) await unlink(join(receiving, name));
  }
  for (const name of await namesIn(wal)) if (name.endsWith('.partial')) await rm(join(wal, name), { force: true });
  for (const name of (await namesIn(receiving)).filter((each) => each.endsWith('.partial'))) {
    const argv = ['cp', '--preserve=mode,ownership', join(receiving, name), join(wal, name)] as const;
    const { exitCode, stderr } = await site.run(argv, { accept: [0, 1], timeoutSeconds: 60 });
    if (exitCode === 0) continue;
    if (await isThere(join(receiving, name))) throw notTaken(name, stderr);
    // The receiver has ended the segment meanwhile: it is taken as a complete one.
    await takeReceived(site, { receiving, wal } as Chain);
  }
}

/** The first segment that is missing from `from` on; undefined where none is. A new timeline begins where the one before ends. */
export function gapAfter(names: readonly string[], from: string, bytes: SegmentBytes): string | undefined {
  const number = (name: string): number => segmentOfName(name, bytes);
  const later = names.filter((name) => number(name) >= number(from));
  const numbers = new Set(later.map(number));
  const last = Math.max(number(from) - 1, ...numbers);
  for (let name = from; number(name) <= last; name = nextSegment(name, bytes))
    if (!numbers.has(number(name))) return name;
  return undefined;
}

/** Bases but for the two newest, and WAL that none of these needs. The receiver's copies of yesterday hold them still. */
export async function dropOld({ bases, wal }: Chain): Promise<void> {
  const all = await readBases({ bases });
  const kept = all.slice(-2);
  for (const { id } of all.slice(0, -2)) {
    await rm(join(bases, `${id}.json`), { force: true });
    await rm(join(bases, id), { recursive: true, force: true });
  }
  const known = new Set(kept.map(({ id }) => id));
  // What a run that was killed has begun.
  for (const name of await namesIn(bases))
    if (!known.has(name.replace(/\.json$/, ''))) await rm(join(bases, name), { recursive: true, force: true });
  const [oldest] = kept;
  if (oldest === undefined) return;
  const first = segmentOfName(oldest.firstWal, oldest.segmentBytes);
  for (const name of await segmentsIn(wal))
    if (segmentOfName(name, oldest.segmentBytes) < first) await unlink(join(wal, name));
}

/** A folder of its own for the next base, without what a killed run has left there. */
export async function freshBase(site: Site, { bases }: Chain, id: string): Promise<string> {
  const folder = join(bases, id);
  await rm(folder, { recursive: true, force: true });
  await makeOwnedFolder(bases, site.environment.runAs);
  await mkdir(folder, { mode: 0o700 });
  await rm(folder, { recursive: true });
  return folder;
}
