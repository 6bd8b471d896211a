/** The one sentence with which a comment begins: what gets worse, for whom, after which disaster. Pure. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import type { Plan, Tier } from '../../plan/types.ts';
import { plural } from '../report/format.ts';
import type { JudgedChange } from './accept.ts';
import type { Area, Store } from './fact.ts';

/** The disasters of the plan after which a change of an area is felt. */
const FELT: Readonly<Record<Area, readonly string[]>> = {
  data: ['complete-failure', 'database-corruption'],
  archiving: ['database-corruption', 'human-error', 'complete-failure'],
  durability: ['application-failure', 'database-corruption'],
  rpo: ['complete-failure', 'database-corruption'],
  immutability: ['security-breach', 'human-error'],
  access: ['security-breach'],
  encryption: ['security-breach'],
  recovery: ['complete-failure', 'database-corruption'],
  retention: ['human-error', 'security-breach'],
  regions: ['complete-failure'],
  replication: ['complete-failure'],
  schedules: ['complete-failure', 'database-corruption'],
  rto: ['complete-failure', 'application-failure'],
  drills: ['complete-failure'],
  alarms: ['complete-failure', 'security-breach'],
  instances: ['application-failure'],
  cost: [],
};

function joined(words: readonly string[], last: string): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}

/** The tiers of the store's data and of the services that can't run without it. */
function tiersOf(store: Store, plan: Plan): Tier[] {
  if (store === 'all') return plan.tiers;
  const held = plan.workloads.filter(({ type }) => type === store);
  const services = new Set(held.flatMap((workload) => workload.services));
  const needs = (tier: Tier) =>
    held.some((one) => one.tier === tier.id) || tier.services.some(({ id }) => services.has(id));
  return plan.tiers.filter(needs);
}

function whom(change: JudgedChange, plan: Plan | undefined): string {
  const [, named] = /\b(P[1-4])\b/.exec(change.what) ?? [];
  const tiers = (plan?.tiers ?? []).filter(({ id }) => named === undefined || id === named);
  const store = change.harm?.store ?? 'all';
  const hit = plan === undefined ? [] : named === undefined ? tiersOf(store, plan) : tiers;
  if (hit.length === 0) return '';
  const names = joined(
    hit.map(({ id, name }) => `${id} ${name}`),
    'and',
  );
  const each = (of: 'rpo' | 'rto') => [...new Set(hit.map((tier) => formatDuration(seconds(tier[of]))))].join(', ');
  return ` for ${names} (RPO ${each('rpo')}; RTO ${each('rto')})`;
}

function scenarios(area: Area, plan: Plan | undefined): string {
  const titles = FELT[area].flatMap((id) => plan?.scenarios.find((one) => one.id === id)?.title ?? []);
  return titles.length === 0 ? '' : ` after ${joined(titles, 'or')}`;
}

/** What the worst change does, in words of its own where it has some. */
function fact({ what, before, after, harm }: JudgedChange): string {
  const change =
    after === undefined
      ? `${what} is gone`
      : before === undefined
        ? `${what}: ${after}`
        : `${what} goes from ${before} to ${after}`;
  return harm === undefined || harm.says === '' ? change : `${harm.says} (${change})`;
}

/** `, and the worst-case RPO of P1 goes from 30 min to 2 h 35 min` */
function cost(changes: readonly JudgedChange[], worst: JudgedChange): string {
  const [row] = changes.filter(
    ({ area, verdict, what }) => area === 'rpo' && verdict === 'worse' && what !== worst.what,
  );
  return row === undefined ? '' : `; the ${row.what} goes from ${row.before} to ${row.after}`;
}

/** Undefined where nothing gets worse and nothing is unknown. @param plan of the stack; undefined where it was not compared */
export function headline(changes: readonly JudgedChange[], plan: Plan | undefined): string | undefined {
  const refused = changes.filter(
    ({ verdict, accepted }) => (verdict === 'worse' || verdict === 'unknown') && accepted === undefined,
  );
  const worse = refused.filter(({ verdict }) => verdict === 'worse');
  const [worst] = worse;
  if (worst === undefined) {
    if (refused.length === 0) return undefined;
    const [first] = refused;
    const rest = refused.length === 1 ? '' : `, and ${plural(refused.length - 1, 'more')}`.replace('mores', 'more');
    return `What this means for recovery is unknown, so somebody has to read it: ${first?.what}${rest}.`;
  }
  const others = refused.length - 1;
  const rest =
    others === 0
      ? ''
      : `; ${others} more ${others === 1 ? 'row gets' : 'rows get'} worse or ${others === 1 ? 'is' : 'are'} unknown`;
  return `It gets worse${whom(worst, plan)}${scenarios(worst.area, plan)}: ${fact(worst)}${cost(changes, worst)}${rest}.`;
}
