/** A crash costs neither PostgreSQL nor Redis what they have acknowledged, beyond a second of Redis. */
import { type Parameters, parametersIn, switchOf } from '../../../../plan/declared/postgres.ts';
import type { Breach, Rule } from '../../rule.ts';
import { isIsolated } from '../isolation.ts';
import { LINES } from '../lines.ts';
import { filesOf } from './archiving.ts';

/** By its default: what a value other than the wanted one breaks. */
const WANTED: readonly (readonly [string, string, string])[] = [
  ['fsync', 'on', 'on'],
  ['full_page_writes', 'on', 'on'],
  ['zero_damaged_pages', 'off', 'off'],
  ['ignore_checksum_failure', 'off', 'off'],
];

function postgres(parameters: Parameters, resource: string): Breach[] {
  return WANTED.flatMap(([name, absent, wanted]) => {
    const value = switchOf(parameters[name] ?? absent);
    return value === wanted ? [] : [{ resource, found: `PostgreSQL's ${name} is ${value}, wanted ${wanted}` }];
  });
}

/** The last line of a setting counts; undefined where there is none. */
function redisValue(text: string, name: string): string | undefined {
  return [...text.matchAll(new RegExp(`^[ \\t]*${name}[ \\t]+(.*)$`, 'gim'))].at(-1)?.[1]?.trim();
}

function redis(text: string, resource: string): Breach[] {
  const file = redisValue(text, 'appendonly') ?? 'no';
  const sync = redisValue(text, 'appendfsync') ?? 'everysec';
  const full = redisValue(text, 'maxmemory-policy') ?? 'noeviction';
  const found = [
    ...(file === 'yes' ? [] : [`Redis' appendonly is ${file}, wanted yes`]),
    ...(sync === 'no' ? ["Redis' appendfsync is no, wanted everysec or always"] : []),
    ...(full === 'noeviction' ? [] : [`Redis' maxmemory-policy is ${full}, wanted noeviction: sessions are data`]),
  ];
  return found.map((one) => ({ resource, found: one, breaks: LINES.applicationData }));
}

export const crashSafety: Rule = {
  id: 'crash-safety',
  over: 'stack',
  holds: 'A crash costs neither PostgreSQL nor Redis what they have acknowledged.',
  breaks: LINES.database,
  check: (stack) => {
    if (isIsolated(stack)) return [];
    return filesOf(stack.resources).flatMap(({ resource, name, text }) => {
      if (name === 'patroni.yml') return postgres(parametersIn(text) ?? {}, resource);
      return name === 'redis.conf' || name === 'valkey.conf' ? redis(text, resource) : [];
    });
  },
};
