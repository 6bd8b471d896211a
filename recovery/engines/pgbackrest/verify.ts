/**
 * `pgbackrest verify` of 2.45 exits 0 after a flipped byte: its log is what counts. It names set and file of what is wrong
 * (`INFO:   backup: 20261123-020000F, status: invalid, total files checked: …` and `checksum mismatch …`).
 */
import { verificationFailed } from '../../errors.ts';
import type { Repository } from '../../site.ts';
import type { PgBackRest } from './pgbackrest.ts';

export interface SetProblem {
  readonly set: string;
  readonly file: string;
  readonly fact: string;
}

const LOG = /^(?:\S+ \S+ )?P\d+\s+(INFO|WARN|ERROR|DETAIL):\s*(.*)$/;

/** Pure: every line of the log that says something is wrong. */
export function readVerifyLog(log: string): SetProblem[] {
  const problems: SetProblem[] = [];
  for (const line of log.split('\n')) {
    const [, level = '', text = line.trim()] = LOG.exec(line.trim()) ?? [];
    const wrong =
      /invalid checksum|checksum mismatch|missing|size invalid|invalid (?:result|size)|unable to|status: invalid|errors?:|is not valid|duplicate/i;
    const fine = /missing: 0, checksum invalid: 0, size invalid: 0, other: 0|command (?:begin|end)/;
    if (!wrong.test(text) || fine.test(text)) continue;
    if (level === 'INFO' && /^(?:Results|archiveId|No )/i.test(text) && !/invalid|missing: [1-9]/.test(text)) continue;
    const file = /'([^']+)'/.exec(text)?.[1] ?? /(?:\S*\/)?((?:archive|backup)\/\S+)/.exec(text)?.[1] ?? '';
    const set = /(\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?)/.exec(`${text} ${file}`)?.[1] ?? '';
    problems.push({ set, file, fact: text });
  }
  return problems;
}

/** Reads everything of the lineage in one repository. An empty list: pgBackRest found nothing wrong. */
export async function verifySets(pg: PgBackRest, repository: Repository): Promise<SetProblem[]> {
  const args = [`--repo=${pg.number(repository)}`, '--verbose', '--output=text', '--log-level-console=info'];
  const { stdout, stderr, exitCode } = await pg.run('verify', args, {
    accept: Array.from({ length: 256 }, (_, i) => i),
  });
  const problems = readVerifyLog(`${stdout}\n${stderr}`);
  if (exitCode !== 0 && problems.length === 0) {
    throw verificationFailed({
      code: 'VERIFY-ENGINE',
      where: `pgbackrest verify (${repository.id})`,
      fact: `ended ${exitCode}: ${`${stdout}${stderr}`.trim().split('\n').slice(-3).join(' ')}`,
      hint: 'its message above is pgBackRest’s own; `dr assess` says whether the repository answers',
    });
  }
  return problems;
}
