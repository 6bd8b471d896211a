/** Jobs of pg_cron in two dumps. Pure. */
import { compareItems } from '../../workloads/difference.ts';
import { shown } from '../redact.ts';
import type { Change } from '../types.ts';

export type Job = Readonly<Record<string, string>>;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v' };

const unescaped = (field: string): string =>
  field === '\\N' ? '' : field.replaceAll(/\\(.)/gs, (_, sign: string) => ESCAPES[sign] ?? sign);

/** @param sql `pg_restore --data-only` of the table. Undefined where it holds no rows of `cron.job`. */
export function readJobs(sql: string): Job[] | undefined {
  const lines = sql.split('\n');
  const begin = lines.findIndex((line) => /^COPY cron\.job \(.*\) FROM stdin;$/.test(line));
  if (begin < 0) return undefined;
  const columns = (/\((.*)\)/.exec(lines[begin] ?? '')?.[1] ?? '').split(', ');
  const rest = lines.slice(begin + 1);
  const rows = rest.slice(0, rest.indexOf('\\.'));
  return rows.map((row) => {
    const fields = row.split('\t').map(unescaped);
    return Object.fromEntries(columns.map((column, n) => [column, fields[n] ?? '']));
  });
}

const titleOf = ({ jobid = '', jobname = '' }: Job): string => (jobname === '' ? jobid : `${jobname} (job ${jobid})`);

const factsOf = ({ schedule = '', command = '', username = '', database = '', active = '' }: Job): string[] => [
  `${schedule} as ${username}${database === '' ? '' : ` in ${database}`}${active === 'f' ? ', not active' : ''}`,
  shown(command),
];

export function compareJobs(before: readonly Job[], after: readonly Job[]): Change[] {
  const byId = (jobs: readonly Job[]) => new Map(jobs.map((job) => [job.jobid ?? '', job]));
  const [old, now] = [byId(before), byId(after)];
  const texts = (jobs: ReadonlyMap<string, Job>) => new Map([...jobs].map(([id, job]) => [id, JSON.stringify(job)]));
  return compareItems(texts(old), texts(now)).flatMap(({ item, kind }): Change[] => {
    const job = now.get(item) ?? old.get(item);
    if (job === undefined) return [];
    const common = { what: 'cron job', name: titleOf(job) };
    if (kind === 'missing') return [{ ...common, kind: 'removed', rank: 'access', facts: [] }];
    return [{ ...common, kind, rank: 'foothold', facts: factsOf(job) }];
  });
}
