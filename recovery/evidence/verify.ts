/** Whether a collection is what was collected: signature, custody log, digests, and every byte of its restic repository. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Repository, Site } from '../config/site.ts';
import { ifAbsent } from '../core/absent.ts';
import { makePassableFolder } from '../core/account.ts';
import { DrError } from '../core/errors.ts';
import { fileDigest } from '../core/file-digest.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { evidenceRestic } from './collect.ts';
import { appendCustody, readCustody } from './custody.ts';
import { parseSum } from './digests.ts';
import { type EvidenceManifest, readManifest, SUMS } from './manifest.ts';

export interface EvidenceCheck {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean;
  readonly fact: string;
}

export interface VerifyRequest {
  readonly id: string;
  readonly repository: Repository;
  /** Also restore everything to a scratch folder and compare each file. */
  readonly deep: boolean;
  readonly by: string;
  readonly now: () => Date;
}

const SHOWN = 10;

/** Every check is made, also after one that failed; the result is written to the custody log where the store takes it. */
export async function verifyEvidence(site: Site, request: VerifyRequest): Promise<EvidenceCheck[]> {
  const { id, repository, deep, by, now } = request;
  const { layout } = repository;
  const store = await repository.store('restorer');
  const keyring = await readKeyring(site);
  const read = await readManifest(store, layout, id, keyring.keys);
  if (read.state === 'absent') {
    const fact = 'there is none: the collection was interrupted, or somebody removed it';
    return [{ id: 'manifest', title: 'Manifest', ok: false, fact }];
  }
  if (read.state === 'unreadable') return [{ id: 'manifest', title: 'Manifest', ok: false, fact: read.fact }];
  const { manifest, signature } = read;
  const checks: EvidenceCheck[] = [
    {
      id: 'manifest',
      title: 'Manifest',
      ok: signature === 'ok',
      fact:
        signature === 'ok'
          ? `signed with "${manifest.signature.key}"`
          : `its signature is ${signature === 'bad' ? 'wrong' : `of the unknown key "${manifest.signature.key}"`}`,
    },
  ];
  const custody = await readCustody(store, layout, id, keyring.keys);
  const entries = `${custody.entries.length} entries, each signed, none missing`;
  checks.push({
    id: 'custody',
    title: 'Custody log',
    ok: custody.faults.length === 0,
    fact: custody.faults.join('; ') || entries,
  });
  const sums = await store.get(layout.evidenceFile(id, SUMS));
  const text = sums?.body.toString('utf8') ?? '';
  const isSame = createHash('sha256').update(text).digest('hex') === manifest.sums;
  checks.push({
    id: 'sums',
    title: SUMS,
    ok: isSame,
    fact: isSame ? 'is the one of the manifest' : 'is missing or was altered',
  });
  checks.push(await checkData(site, request, manifest));
  if (deep) checks.push(await compareFiles(site, request, manifest, text));
  const failed = checks.filter(({ ok }) => !ok);
  const what = `verified${deep ? ' every file' : ''}: ${failed.length === 0 ? 'whole' : failed.map(({ title, fact }) => `${title}: ${fact}`).join('; ')}`;
  const writer = await repository.store('writer');
  await appendCustody(writer, layout, id, { at: now(), by, host: hostname(), what }, keyring.signingKey());
  return checks;
}

async function checkData(
  site: Site,
  { id, repository }: VerifyRequest,
  { parts }: EvidenceManifest,
): Promise<EvidenceCheck> {
  const title = 'Data';
  const restic = evidenceRestic(site, repository, id, 'restorer');
  try {
    const there = await restic.snapshots();
    const missing = parts.filter(({ snapshot }) => !there.some((each) => each.id.startsWith(snapshot)));
    if (missing.length > 0) {
      return { id: 'data', title, ok: false, fact: `snapshots are gone: ${missing.map((part) => part.id).join(', ')}` };
    }
    await restic.run(['check', '--read-data'], { keep: 'ends' });
    return { id: 'data', title, ok: true, fact: `${parts.length} snapshots, every byte read back` };
  } catch (error) {
    if (site.signal?.aborted || !(error instanceof DrError)) throw error;
    return { id: 'data', title, ok: false, fact: error.fact };
  }
}

/** Restores each part below the state folder. Files that changed while they were copied have the digest of before, and are left out. */
async function compareFiles(
  site: Site,
  { id, repository }: VerifyRequest,
  { parts }: EvidenceManifest,
  text: string,
): Promise<EvidenceCheck> {
  const base = join(site.environment.stateDir, 'evidence');
  await makePassableFolder(base);
  const folder = await mkdtemp(join(base, 'verify-'));
  const restic = evidenceRestic(site, repository, id, 'restorer');
  const changed = new Set(parts.flatMap((part) => part.changed));
  const wanted = text
    .split('\n')
    .flatMap((line) => parseSum(line) ?? [])
    .filter(({ path }) => !changed.has(path));
  try {
    for (const { snapshot } of parts) await restic.run(['restore', snapshot, '--target', folder], { keep: 'ends' });
    const wrong: string[] = [];
    for (const { path, sha256 } of wanted) {
      site.signal?.throwIfAborted();
      const found = await fileDigest(join(folder, path)).catch(ifAbsent('missing'));
      if (found !== sha256) wrong.push(found === 'missing' ? `${path} is missing` : `${path} differs`);
    }
    const more = wrong.length > SHOWN ? ` and ${wrong.length - SHOWN} more` : '';
    const fact =
      wrong.length === 0
        ? `${wanted.length} files compared, ${changed.size} that changed meanwhile left out`
        : `${wrong.slice(0, SHOWN).join('; ')}${more}`;
    return { id: 'files', title: 'Every file', ok: wrong.length === 0, fact };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
