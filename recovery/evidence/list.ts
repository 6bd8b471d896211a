/** The collections that lie in the repositories. */
import { didYouMean } from '../../plan/nearest.ts';
import { presentRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { badInput } from '../core/errors.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { readManifest } from './manifest.ts';

export interface EvidenceRow {
  readonly id: string;
  readonly repository: string;
  readonly state: 'complete' | 'partial' | 'interrupted' | 'untrusted';
  /** Undefined for one that was interrupted. */
  readonly by?: string;
  readonly at?: string;
  readonly files?: number;
  readonly bytes?: number;
  readonly gaps?: number;
}

export interface EvidenceList {
  readonly rows: readonly EvidenceRow[];
  /** Repositories that did not answer. */
  readonly silent: readonly { readonly repository: string; readonly fact: string }[];
}

async function idsIn({ layout }: Repository, store: Awaited<ReturnType<Repository['store']>>): Promise<string[]> {
  const prefix = layout.evidencePrefix;
  const objects = await store.list(prefix);
  return [...new Set(objects.flatMap(({ key }) => key.slice(prefix.length).split('/')[0] ?? []))].filter(
    (id) => id !== '',
  );
}

async function rowsOf(site: Site, repository: Repository): Promise<EvidenceRow[]> {
  const [store, { keys }] = await Promise.all([repository.store('restorer'), readKeyring(site)]);
  const ids = await idsIn(repository, store);
  return Promise.all(
    ids.map(async (id): Promise<EvidenceRow> => {
      const read = await readManifest(store, repository.layout, id, keys);
      const base = { id, repository: repository.id };
      if (read.state === 'absent') return { ...base, state: 'interrupted' };
      if (read.state === 'unreadable' || read.signature !== 'ok') return { ...base, state: 'untrusted' };
      const { parts, gaps, by, endedAt } = read.manifest;
      const sum = (of: (part: (typeof parts)[number]) => number): number =>
        parts.reduce((all, part) => all + of(part), 0);
      return {
        ...base,
        state: gaps.length === 0 ? 'complete' : 'partial',
        by,
        at: endedAt,
        files: sum(({ files }) => files),
        bytes: sum(({ bytes }) => bytes),
        gaps: gaps.length,
      };
    }),
  );
}

/** @param wanted ids of repositories; none means all */
export async function listEvidence(site: Site, wanted: readonly string[]): Promise<EvidenceList> {
  const repositories = wanted.length > 0 ? wanted.map((id) => site.repository(id)) : presentRepositories(site);
  const [rows, silent]: [EvidenceRow[], { repository: string; fact: string }[]] = [[], []];
  for (const repository of repositories) {
    try {
      rows.push(...(await rowsOf(site, repository)));
    } catch (error) {
      if (site.signal?.aborted) throw error;
      rethrowBug(error);
      silent.push({ repository: repository.id, fact: asDrError(error, repository.id).fact });
    }
  }
  return { rows: rows.toSorted((a, b) => a.id.localeCompare(b.id)), silent };
}

/** Throws `EVIDENCE-UNKNOWN` (exit 2) with the nearest id. */
export async function findEvidence(site: Site, id: string, wanted: readonly string[]): Promise<Repository> {
  const { rows, silent } = await listEvidence(site, wanted);
  const found = rows.find((row) => row.id === id);
  if (found !== undefined) return site.repository(found.repository);
  const ids = rows.map((row) => row.id);
  const unread = silent.length === 0 ? '' : ` Not read: ${silent.map(({ repository }) => repository).join(', ')}.`;
  throw badInput({
    code: 'EVIDENCE-UNKNOWN',
    where: 'evidence',
    fact: `no repository has the collection "${id}".${didYouMean(id, ids)}${unread}`,
    hint: '`dr evidence list` shows them',
  });
}
