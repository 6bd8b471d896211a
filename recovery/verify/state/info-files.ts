/** pgBackRest's own lists of sets and of WAL, each with a copy. It falls back to the copy without a word; then there is only one left. */
import { STANZA } from '../../../plan/layout.ts';
import type { Repository, Site } from '../../config/site.ts';
import { parseJson } from '../../core/json.ts';
import { decrypted, openingPassphrase } from '../../engines/pgbackrest/opening-passphrase.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

export interface InfoFile {
  readonly key: string;
  readonly state: 'ok' | 'damaged' | 'missing';
  /** Of one that is not ok: the key of its good twin. */
  readonly twin?: string;
}

export interface LineageFiles {
  readonly lineage: string;
  /** Name of the passphrase that opens it. Undefined where none does. */
  readonly passphrase: string | undefined;
  readonly files: readonly InfoFile[];
}

function isLine(line: string): boolean {
  if (line === '' || /^\[[\w:-]+\]$/.test(line)) return true;
  const [, json] = /^[\w.-]+=(.*)$/.exec(line) ?? [];
  return json !== undefined && parseJson(json) !== undefined;
}

/** A bit that was flipped makes noise of 16 bytes, so a line is none any more. */
function isSound(text: string): boolean {
  return text.startsWith('[') && text.split('\n').every(isLine) && text.includes('backrest-checksum=');
}

async function stateOf(store: ObjectStore, key: string, passphrase: string): Promise<InfoFile['state']> {
  const found = await store.get(key);
  if (found === undefined) return 'missing';
  const text = decrypted(found.body, passphrase);
  return text !== undefined && isSound(text) ? 'ok' : 'damaged';
}

async function pairOf(store: ObjectStore, key: string, passphrase: string): Promise<InfoFile[]> {
  const copy = `${key}.copy`;
  const [own, other] = await Promise.all([stateOf(store, key, passphrase), stateOf(store, copy, passphrase)]);
  return [
    { key, state: own, ...(own !== 'ok' && other === 'ok' ? { twin: copy } : {}) },
    { key: copy, state: other, ...(other !== 'ok' && own === 'ok' ? { twin: key } : {}) },
  ];
}

/** Throws what the store throws, and `SECRET-…` where a passphrase can't be read. */
export async function infoFilesOf(site: Site, repository: Repository, lineage: string): Promise<LineageFiles> {
  const store = await repository.store('restorer');
  const folder = repository.layout.pgbackrest(lineage);
  const name = await openingPassphrase({ repository, role: 'restorer', lineage, secrets: site.secrets });
  const { passphrases } = repository.settings;
  const entry = passphrases.find((each) => each.name === name) ?? passphrases[0];
  if (entry === undefined) return { lineage, passphrase: undefined, files: [] };
  const passphrase = await site.secrets.read(entry.from, `repositories.${repository.id}.passphrases.${entry.name}`);
  const pairs = await Promise.all(
    [`${folder}/archive/${STANZA}/archive.info`, `${folder}/backup/${STANZA}/backup.info`].map((key) =>
      pairOf(store, key, passphrase),
    ),
  );
  return { lineage, passphrase: name, files: pairs.flat() };
}
