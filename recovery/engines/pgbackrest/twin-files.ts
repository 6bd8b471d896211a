/**
 * pgBackRest keeps its lists of sets and of WAL, and the manifest of each set, twice. It falls back to the copy without a word; then one more
 * flipped byte loses what they describe.
 */
import { STANZA } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../config/site.ts';
import { parseJson } from '../../core/json.ts';
import type { StoreRole } from '../../storage/backends.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { decrypted, openingPassphrase } from './opening-passphrase.ts';
import { isSound } from './sound.ts';

export interface TwinFile {
  readonly key: string;
  readonly state: 'ok' | 'damaged' | 'missing';
  /** Of one that is not ok: the key of its good twin. */
  readonly twin?: string;
}

export interface LineageFiles {
  readonly lineage: string;
  /** Name of the passphrase that opens it. Undefined where none does. */
  readonly passphrase: string | undefined;
  readonly files: readonly TwinFile[];
  /** What the WAL is encrypted with. Undefined where no list of it opens. */
  readonly walPassphrase: string | undefined;
}

interface Opened {
  readonly state: TwinFile['state'];
  /** Decrypted; only where it is ok. */
  readonly content?: Buffer;
}

async function open(store: ObjectStore, key: string, passphrase: string): Promise<Opened> {
  const found = await store.get(key);
  if (found === undefined) return { state: 'missing' };
  const content = decrypted(found.body, passphrase);
  return content !== undefined && isSound(content) ? { state: 'ok', content } : { state: 'damaged' };
}

interface Pair {
  readonly files: readonly TwinFile[];
  readonly content: Buffer | undefined;
}

async function pairOf(store: ObjectStore, key: string, passphrase: string): Promise<Pair> {
  const copy = `${key}.copy`;
  const [own, other] = await Promise.all([open(store, key, passphrase), open(store, copy, passphrase)]);
  const files: TwinFile[] = [
    { key, state: own.state, ...(own.state !== 'ok' && other.state === 'ok' ? { twin: copy } : {}) },
    { key: copy, state: other.state, ...(other.state !== 'ok' && own.state === 'ok' ? { twin: key } : {}) },
  ];
  return { files, content: own.content ?? other.content };
}

/** What a list of sets says that their manifests are encrypted with, and a list of WAL its segments. */
function innerPassphrase(list: Buffer | undefined): string | undefined {
  const [, json = ''] = /^cipher-pass=(".*")$/m.exec(list?.toString('utf8') ?? '') ?? [];
  const found = parseJson(json);
  return typeof found === 'string' ? found : undefined;
}

export interface TwinRequest {
  readonly lineage: string;
  /** Sets whose manifests are read too. One of which nothing is there is in no result: it is no half of a pair. */
  readonly sets: Iterable<string>;
  /** @default restorer */
  readonly role?: StoreRole;
}

/** Throws what the store throws, and `SECRET-…` where a passphrase can't be read. */
export async function twinFilesOf(
  site: Site,
  repository: Repository,
  { lineage, sets, role = 'restorer' }: TwinRequest,
): Promise<LineageFiles> {
  const store = await repository.store(role);
  const folder = repository.layout.pgbackrest(lineage);
  const name = await openingPassphrase({ repository, role, lineage, secrets: site.secrets });
  const { passphrases } = repository.settings;
  const entry = passphrases.find((each) => each.name === name) ?? passphrases[0];
  if (entry === undefined) return { lineage, passphrase: undefined, files: [], walPassphrase: undefined };
  const passphrase = await site.secrets.read(entry.from, `repositories.${repository.id}.passphrases.${entry.name}`);
  const [archive, list] = await Promise.all([
    pairOf(store, `${folder}/archive/${STANZA}/archive.info`, passphrase),
    pairOf(store, `${folder}/backup/${STANZA}/backup.info`, passphrase),
  ]);
  const files = [...archive.files, ...list.files];
  const inner = innerPassphrase(list.content);
  // One after the other: a manifest of a large database has many megabytes.
  for (const set of inner === undefined ? [] : sets) {
    const pair = await pairOf(store, `${folder}/backup/${STANZA}/${set}/backup.manifest`, inner ?? '');
    if (pair.files.some(({ state }) => state !== 'missing')) files.push(...pair.files);
  }
  return { lineage, passphrase: name, files, walPassphrase: innerPassphrase(archive.content) };
}
