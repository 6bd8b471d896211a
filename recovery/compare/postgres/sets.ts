/** What two backup sets say of their server. Pure: the sets themselves are not started. */

import type { PostgresCapture } from '../../points/point.ts';
import { compareItems } from '../../workloads/difference.ts';
import type { Pair } from '../context.ts';
import { compareSettings } from '../settings.ts';
import { type Change, type Section, section } from '../types.ts';

function compareNames(what: string, before: readonly string[], after: readonly string[]): Change[] {
  const all = (names: readonly string[]) => new Map(names.map((name) => [name, '']));
  return compareItems(all(before), all(after)).map(({ item, kind }) => ({
    ...{ kind: kind === 'missing' ? ('removed' as const) : ('added' as const), what, name: item, facts: [] },
    rank: kind === 'missing' ? ('access' as const) : ('foothold' as const),
  }));
}

export function compareSets(workload: string, { before, after }: Pair<PostgresCapture>): Section {
  const facts = ({ lineage, systemId, serverVersion }: PostgresCapture) =>
    new Map(Object.entries({ lineage, 'system identifier': systemId, 'server version': serverVersion }));
  const own = compareSettings('the server', facts(before), facts(after)).map(
    (each): Change => ({ ...each, rank: 'access' }),
  );
  const [old, now] = [before.server, after.server];
  if (old === undefined || now === undefined)
    return section(workload, 'PostgreSQL: server', own, {
      notes: ['a point of an older version does not say which libraries the server loads'],
    });
  const numbers = (settings: Readonly<Record<string, number>>) =>
    new Map(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  return section(workload, 'PostgreSQL: server', [
    ...own,
    ...compareNames('library that the server loads', old.libraries, now.libraries),
    ...compareNames('extension', old.extensions, now.extensions),
    ...compareSettings('the server', numbers(old.settings), numbers(now.settings)),
  ]);
}
