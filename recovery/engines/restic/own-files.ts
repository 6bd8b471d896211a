/**
 * restic's own small files, looked at without restic: with a damaged or missing key file it says "wrong password", and without `config`
 * that there is no repository. It names each key file, index and snapshot by the SHA-256 of its content.
 */
import { createHash } from 'node:crypto';
import { type DrError, verificationFailed } from '../../core/errors.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** Keys below `folder` whose content is not what their name says: cut short, flipped or emptied. Reads all of them. */
export async function damagedBelow(store: ObjectStore, folder: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const { key } of await store.list(`${folder}/`)) {
    const found = await store.get(key);
    if (found === undefined) continue;
    if (createHash('sha256').update(found.body).digest('hex') !== nameOf(key)) damaged.push(key);
  }
  return damaged;
}

const BRING_BACK =
  'bring the files below keys/ back (versions of the bucket, a copy of the disk), or restore from another repository (--from)';

/**
 * Why no passphrase opens the repository although it may be the right one: its key files are gone or damaged (exit 5). Undefined where
 * they are whole, so that the passphrase is wrong.
 *
 * @param restic the folder of the repository
 */
export async function keyFault(store: ObjectStore, restic: string, cause: DrError): Promise<DrError | undefined> {
  const { where } = cause;
  const folder = `${restic}/keys`;
  if ((await store.list(`${folder}/`)).length === 0) {
    return verificationFailed({
      code: 'RESTIC-KEYS-MISSING',
      where,
      fact: `${folder}/ holds no key file, so no passphrase opens the repository; its data is probably intact`,
      hint: BRING_BACK,
      cause,
    });
  }
  const damaged = await damagedBelow(store, folder);
  if (damaged.length === 0) return undefined;
  return verificationFailed({
    code: 'RESTIC-KEYS-DAMAGED',
    where,
    fact: `damaged: ${damaged.join(', ')}: so no passphrase opens the repository; its data is probably intact`,
    hint: BRING_BACK,
    cause,
  });
}

/** A folder with key files and without `config` was a repository: it must not pass for a new one (exit 5). */
export async function configGone(store: ObjectStore, restic: string, cause: DrError): Promise<DrError | undefined> {
  if ((await store.list(`${restic}/keys/`)).length === 0) return undefined;
  return verificationFailed({
    code: 'REPOSITORY-DAMAGED',
    where: `${restic}/`,
    fact: 'its file config is gone and its keys are there: restic can read nothing without it',
    hint: 'bring that file back (versions of the bucket, a copy of the disk), or restore from another repository (--from)',
    cause,
  });
}
