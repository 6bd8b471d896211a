/** Keeps a collection from being removed: a legal hold in S3. A folder has none, and says so. */
import { hostname } from 'node:os';
import type { Repository, Site } from '../config/site.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { readAccess, readKeys } from '../storage/s3/keys.ts';
import { appendCustody } from './custody.ts';

export type Held =
  | { readonly held: true; readonly objects: number }
  | { readonly held: false; readonly fact: string; readonly expected: boolean };

/** With the admin's keys where dr.yaml has them; otherwise the writer needs the right `s3:PutObjectLegalHold` below evidence/. */
export async function holdEvidence(site: Site, repository: Repository, id: string): Promise<Held> {
  const { settings, layout } = repository;
  if (settings.type !== 's3') {
    const fact = `the repository ${repository.id} is a folder, which knows no legal hold: whoever may write there can remove it`;
    return { held: false, fact, expected: true };
  }
  const where = `repositories.${repository.id}`;
  const credentials = settings.admin
    ? await readKeys(site.secrets, settings.admin, `${where}.admin`)
    : await readAccess(site.secrets, settings.writer, `${where}.writer`);
  const { holdBelow } = await import('../storage/s3/legal-hold.ts');
  const outcome = await holdBelow({ settings, credentials, signal: site.signal }, layout.evidence(id));
  return outcome.held ? outcome : { ...outcome, expected: false };
}

export interface HoldRequest {
  readonly id: string;
  readonly by: string;
  readonly now: () => Date;
}

/** As `holdEvidence`, with a line in the custody log. */
export async function holdAgain(site: Site, repository: Repository, { id, by, now }: HoldRequest): Promise<Held> {
  const held = await holdEvidence(site, repository, id);
  const what = held.held ? `put ${held.objects} objects on legal hold` : `no legal hold: ${held.fact}`;
  const key = (await readKeyring(site)).signingKey();
  await appendCustody(
    await repository.store('writer'),
    repository.layout,
    id,
    { at: now(), by, host: hostname(), what },
    key,
  );
  return held;
}
