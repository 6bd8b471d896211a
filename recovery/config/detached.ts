/**
 * Repositories that take no part for now: somebody said so, because one is gone. No backup writes there, no WAL is shipped there, and
 * nobody waits for it. This host keeps it in its state directory until the repository is attached again.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makePassableFolder } from '../core/account.ts';
import { DrError, hasCode, precondition } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { parseJson } from '../core/json.ts';
import type { Site } from './site.ts';

const detachmentSchema = z.strictObject({
  /**
   * `emptying` and `filling`: `dr repository recreate` has begun. `attaching`: it takes part again, and lacks the full backup by which it
   * holds everything.
   */
  state: z.enum(['detached', 'emptying', 'filling', 'attaching']),
  since: z.iso.datetime(),
  /** Who said so: host and process. */
  by: z.string(),
  /** Of one that is recreated: the repository that it is filled from. Absent where none holds anything. */
  from: z.string().optional(),
  /** It has been emptied: it lacks nothing but what is done from then on. */
  emptied: z.literal(true).optional(),
});
export type Detachment = z.infer<typeof detachmentSchema>;

/** Whether `dr repository recreate` has begun and not ended. */
export function isBeingRecreated({ state, emptied }: Detachment): boolean {
  return state === 'emptying' || state === 'filling' || emptied === true;
}

interface WhileRecreated {
  /** Follows the time since when. */
  readonly consequence: string;
  readonly hint: string;
}

/** Throws `REPOSITORY-RECREATED` (exit 6). */
export function refuseBeingRecreated(id: string, before: Detachment | undefined, say: WhileRecreated): void {
  if (before === undefined || !isBeingRecreated(before)) return;
  throw precondition({
    code: 'REPOSITORY-RECREATED',
    where: `repository ${id}`,
    fact: `is being recreated since ${before.since}${say.consequence}`,
    hint: `${say.hint}: dr repository recreate ${id}`,
  });
}

const fileSchema = z.strictObject({ repositories: z.record(z.string(), detachmentSchema) });

type Place = Pick<Site, 'environment'>;

const fileOf = ({ environment }: Place): string => join(environment.stateDir, 'detached.json');

/** By the repository's id. Throws `DETACHED-UNREADABLE`: nobody knows then where the next backup may write. */
export function detachments(site: Place): ReadonlyMap<string, Detachment> {
  let text: string;
  try {
    text = readFileSync(fileOf(site), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return new Map();
    throw error;
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data.repositories));
  throw new DrError({
    code: 'DETACHED-UNREADABLE',
    where: fileOf(site),
    fact: 'does not say which repositories are detached',
    hint: 'put the file back from a copy, or remove it and run `dr repository detach ID --confirm ID` again for each repository that is gone',
    cause: parsed.error,
  });
}

/** Whether nothing is written to it and nobody waits for it. */
export function isDetached(site: Place, id: string): boolean {
  const state = detachments(site).get(id)?.state;
  return state !== undefined && state !== 'attaching';
}

/** @param detachment undefined for one that takes part like any other */
export async function setDetachment(site: Place, id: string, detachment: Detachment | undefined): Promise<void> {
  const all = new Map(detachments(site));
  if (detachment === undefined) all.delete(id);
  else all.set(id, detachment);
  const file = fileOf(site);
  await makePassableFolder(site.environment.stateDir);
  const temporary = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    const content = fileSchema.parse({ repositories: Object.fromEntries(all) });
    await writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { flush: true });
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** What to type for one that is detached: `dr repository attach secondary`. */
export function wayBack(id: string, detachment: Detachment): string {
  return `dr repository ${isBeingRecreated(detachment) ? 'recreate' : 'attach'} ${id}`;
}

/** `detached since 2026-11-30T12:00:00Z: nothing is copied there` */
export function detachedFact({ state, since }: Detachment): string {
  const what = { detached: 'detached', emptying: 'being recreated', filling: 'being recreated', attaching: '' }[state];
  if (what === '') return `attached again since ${since}, and lacks the full backup that completes it`;
  return `${what} since ${since}: nothing is copied there`;
}

/** Throws `REPOSITORY-DETACHED` (exit 6). */
export function refuseDetached(site: Place, id: string): void {
  const detachment = detachments(site).get(id);
  if (detachment === undefined || detachment.state === 'attaching') return;
  throw precondition({
    code: 'REPOSITORY-DETACHED',
    where: `repository ${id}`,
    fact: detachedFact(detachment),
    hint: `to take it back: ${wayBack(id, detachment)}`,
  });
}
