/**
 * pgBackRest keeps each of its info files twice and reads the copy where the original is damaged, without a word. Then one more flipped
 * byte loses every set of the lineage: so the two are compared.
 */
import { STANZA } from '../../plan/layout.ts';
import type { Repository } from '../config/site.ts';
import type { PgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import type { Finding } from './types.ts';

const INFO_FILES = ['backup', 'archive'].map((kind) => `${kind}/${STANZA}/${kind}.info`);

/** Its content, decrypted. Undefined for a file that is missing or does not open. */
async function contentOf(pg: PgBackRest, repository: Repository, file: string): Promise<string | undefined> {
  const args = [`--repo=${pg.number(repository)}`, '--log-level-console=off', file];
  const { stdout, exitCode } = await pg.run('repo-get', args, { accept: 'any' });
  return exitCode === 0 ? stdout : undefined;
}

/** A running backup writes one after the other. */
const SETTLE_MS = 2000;

async function differ(pg: PgBackRest, repository: Repository, file: string): Promise<boolean> {
  for (let again = false; ; again = true) {
    const [original, copy] = [await contentOf(pg, repository, file), await contentOf(pg, repository, `${file}.copy`)];
    if (original !== undefined && original === copy) return false;
    if (again) return true;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}

/** The lineage has been listed, so one of each pair is good. */
export async function infoCopyFindings(pg: PgBackRest, repository: Repository, lineage: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of INFO_FILES) {
    if (!(await differ(pg, repository, file))) continue;
    findings.push({
      repository: repository.id,
      area: 'postgres',
      severity: 'wrong',
      code: 'INFO-COPY',
      what: `${file} of ${lineage}`,
      fact: 'it and its copy differ: one of them is damaged or missing, and pgBackRest still reads the other',
      hint: 'nothing is lost yet: the next `dr backup` writes both anew; find out what damages files there',
      points: [],
    });
  }
  return findings;
}
