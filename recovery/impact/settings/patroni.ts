/** Patroni's configuration: PostgreSQL's parameters in it, and what decides who leads (Patroni's manual, "YAML Configuration"). Pure. */
import { parse } from 'yaml';
import { archiveFaults, parametersIn, parametersOf } from '../../../plan/declared/postgres.ts';
import { at, isUnknown, textAt } from '../../../plan/declared/values.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { leavesOf } from './flatten.ts';
import {
  factOf,
  less,
  type Meanings,
  quantityOf,
  ranked,
  read,
  settingFacts,
  short,
  shown,
  wantedOff,
  wantedOn,
} from './meaning.ts';
import { POSTGRES_HARMLESS, POSTGRES_SETTINGS } from './postgres.ts';
import { isSuperuserRule, superuserFact } from './superuser.ts';

const durable = (harm: string, absent?: unknown) => ({ area: 'durability', store: 'postgres', harm, absent }) as const;
const recovering = (harm: string, absent?: unknown) => ({ area: 'recovery', store: 'postgres', harm, absent }) as const;

const REMOVES = 'Patroni empties a data directory that could have been repaired';

const KNOWN: Meanings = {
  'bootstrap.dcs.synchronous_mode': ranked(
    ['off', 'on', 'quorum'],
    durable('a failover within the cluster can lose commits that PostgreSQL has acknowledged', 'off'),
  ),
  'bootstrap.dcs.synchronous_mode_strict': wantedOn(durable('commits go on with one copy only', 'off')),
  'bootstrap.dcs.maximum_lag_on_failover': less(
    durable('a replica that is further behind may become the leader', 1_048_576),
    Number.NEGATIVE_INFINITY,
  ),
  'bootstrap.dcs.maximum_lag_on_syncnode': shown(durable('', -1)),
  'bootstrap.dcs.check_timeline': wantedOn(durable('a replica of another timeline may become the leader', 'off')),
  'bootstrap.dcs.failsafe_mode': wantedOn(
    recovering('while the Kubernetes API is away the leader stops taking writes', 'off'),
  ),
  'bootstrap.dcs.ttl': less({ area: 'rto', store: 'postgres', harm: 'a dead leader is noticed later', absent: 30 }),
  'bootstrap.dcs.loop_wait': shown({ area: 'rto', absent: 10 }),
  'bootstrap.dcs.retry_timeout': shown({ area: 'rto', absent: 10 }),
  'bootstrap.dcs.primary_start_timeout': shown({ area: 'rto', absent: 300 }),
  'bootstrap.dcs.postgresql.use_pg_rewind': wantedOn(recovering('a former leader is copied anew to rejoin', 'off')),
  'bootstrap.dcs.postgresql.use_slots': wantedOn(recovering('the leader removes WAL that a replica still needs', 'on')),
  'postgresql.remove_data_directory_on_rewind_failure': wantedOff(recovering(REMOVES, 'off')),
  'postgresql.remove_data_directory_on_diverged_timelines': wantedOff(recovering(REMOVES, 'off')),
  'postgresql.callbacks.on_role_change': {
    ...recovering('the WAL that a dead leader had not shipped never reaches the archive'),
    absent: '',
    judge: (value) =>
      /archive-missing/.test(String(value))
        ? { text: 'archive-missing.sh', worth: 1 }
        : String(value) === ''
          ? { text: 'none', worth: 0 }
          : { text: String(value), unclear: true },
  },
};

/** They are read by meaning above, or are PostgreSQL's parameters. */
const ELSEWHERE =
  /^(postgresql|bootstrap\.dcs\.postgresql)\.(parameters|recovery_conf)\.|\.pg_(hba|ident)$|^bootstrap\.initdb\b/;
const HARMLESS =
  /^(scope|name|log\..*|kubernetes\.(ports|labels)\..*|restapi\.(listen|connect_address)|postgresql\.(listen|connect_address|pgpass|use_unix_socket\w*|basebackup\..*|authentication\.superuser\.ssl\w+)|watchdog\..*)$/;

function checksums(document: unknown, of: string): Fact[] {
  const initdb = at(document, 'bootstrap', 'initdb');
  if (!Array.isArray(initdb)) return [];
  const words = initdb.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  const on = words.includes('data-checksums') && !words.includes('no-data-checksums');
  const meaning = wantedOn(durable('damaged pages are copied into every backup, and nobody notices'));
  return [factOf('data checksums of a new PostgreSQL', meaning, on ? 'on' : 'off', { of })];
}

function hostRules(document: unknown, of: string): Fact[] {
  const linesOf = (...path: string[]): string[] =>
    [at(document, ...path)].flat().filter((one) => typeof one === 'string');
  const rules = [...linesOf('postgresql', 'pg_hba'), ...linesOf('bootstrap', 'pg_hba')];
  const all = rules.filter((line) => !isSuperuserRule(line));
  const names = linesOf('postgresql', 'pg_ident');
  const harm = { store: 'postgres', says: 'more can log in to PostgreSQL, or with less' } as const;
  const what = 'who may log in to PostgreSQL (pg_hba)';
  const items = { all, more: 'worse', fewer: 'unknown' } as const;
  return [
    { area: 'access', what, value: all.join('; '), items, of, harm },
    {
      ...{
        area: 'access',
        what: 'who becomes which role of PostgreSQL (pg_ident)',
        value: names.join('; ') || 'nobody',
      },
      ...{ items: { ...items, all: names }, of, harm },
    },
    ...(rules.length === 0 ? [] : [superuserFact(rules, of)]),
  ];
}

/** Undefined for text that is not Patroni's configuration. Throws what the parser throws. */
export function patroniFacts(text: string, of: string): Fact[] | undefined {
  const document: unknown = parse(text);
  if (at(document, 'postgresql') === undefined && at(document, 'bootstrap') === undefined) return undefined;
  const leaves = leavesOf(document);
  const own = Object.fromEntries(Object.entries(leaves).filter(([path]) => !ELSEWHERE.test(path)));
  return [
    ...settingFacts({
      ...{ of, values: parametersOf(document), known: POSTGRES_SETTINGS, harmless: POSTGRES_HARMLESS },
      ...{ label: (name) => `PostgreSQL ${name}`, area: 'recovery' },
    }),
    ...settingFacts({
      ...{ of, values: own, known: KNOWN, harmless: HARMLESS, area: 'recovery' },
      label: (path) => `Patroni ${path}`,
    }),
    ...checksums(document, of),
    ...hostRules(document, of),
    factOf(
      'PostgreSQL begins as',
      { ...read({ area: 'recovery', store: 'postgres' }) },
      short(
        at(document, 'bootstrap', 'dcs', 'standby_cluster') !== undefined
          ? 'a standby'
          : (at(document, 'bootstrap', 'method') ?? 'an empty database'),
      ),
      { of },
    ),
  ];
}

export interface Archiving {
  readonly ships: boolean;
  /** Seconds; 0 where segments are only shipped when they are full. */
  readonly timeout: number;
}

/** As the first Patroni of a stack does it; undefined where the stack has none, or where its configuration can't be read. */
export function archivingOf(resources: readonly DeclaredResource[]): Archiving | undefined {
  const texts = resources.flatMap(({ inputs }) => textAt(inputs, 'data', 'patroni.yml') ?? []);
  const [text] = texts.filter((one) => !isUnknown(one));
  if (text === undefined) return undefined;
  const values = parametersIn(text);
  if (values === undefined) return undefined;
  const timeout = quantityOf(values.archive_timeout ?? 0) ?? 0;
  const ships = archiveFaults(values).length === 0 && timeout > 0;
  return { ships, timeout };
}
