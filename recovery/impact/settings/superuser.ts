/** How PostgreSQL lets its superuser in over the network, by the rules of pg_hba.conf and what jobs bring along. Pure. */
import { at } from '../../../plan/declared/values.ts';
import type { Fact } from '../fact.ts';
import { factOf, type Meaning } from './meaning.ts';

const SUPERUSER = 'postgres';
/** From the weakest. Any other method asks for a password in some place. */
const RANKS: readonly string[] = ['trust', 'password', 'cert', 'reject'];

interface Rule {
  readonly type: string;
  readonly users: readonly string[];
  readonly address: string;
  readonly method: string;
}

function ruleOf(line: string): Rule | undefined {
  const [type = '', databases = '', users = '', address = '', method = ''] = line.trim().split(/\s+/);
  if (!type.startsWith('host') || databases === 'replication') return undefined;
  return { type, users: users.split(','), address, method };
}

/** A rule that names the superuser alone: the fact of this file says what it means. */
export const isSuperuserRule = (line: string): boolean => ruleOf(line)?.users.join() === SUPERUSER;

/** The weakest method that somebody may meet: a rule for some addresses leaves the others to the next one. */
function weakest(rules: readonly Rule[], types: readonly string[]): number {
  const fitting = rules.filter(({ type, users }) => types.includes(type) && users.some(isAll));
  const last = fitting.findIndex(({ address }) => address === 'all');
  const met = last < 0 ? fitting : fitting.slice(0, last + 1);
  return Math.min(RANKS.length - 1, ...met.map(({ method }) => rankOf(method)));
}

const isAll = (user: string): boolean => user === SUPERUSER || user === 'all';
const rankOf = (method: string): number => (RANKS.includes(method) ? RANKS.indexOf(method) : 1);

const MEANING: Meaning = {
  area: 'access',
  store: 'postgres',
  harm: 'the superuser can log in from more places, or with less than a certificate',
  judge: (worth) => ({ text: RANKS[Number(worth)] ?? '', worth: Number(worth) }),
};

/** @param rules lines of pg_hba.conf */
export function superuserFact(rules: readonly string[], of: string): Fact {
  const all = rules.flatMap((line) => ruleOf(line) ?? []);
  const worth = Math.min(weakest(all, ['host', 'hostssl']), weakest(all, ['host', 'hostnossl']));
  return factOf('how PostgreSQL lets its superuser in over the network', MEANING, worth, { of });
}

/** Of the environment file of the jobs. */
export function loginFact(document: unknown, of: string): Fact {
  const isThere = at(document, 'postgres', 'tls', 'login') !== undefined;
  const meaning: Meaning = {
    area: 'recovery',
    store: 'postgres',
    harm: 'a PostgreSQL that wants a certificate lets no job and no monitor in',
    judge: () => (isThere ? { text: 'a certificate', worth: 1 } : { text: 'a password', worth: 0 }),
  };
  return factOf(`what the jobs log in to PostgreSQL with, by ${of}`, meaning, isThere, { of: `${of}: postgres` });
}
