/** What two backup sets say of their server. Pure: the sets themselves are not started. */

import type { PostgresCapture } from '../../points/point.ts';
import { compareItems } from '../../workloads/difference.ts';
import type { Pair } from '../context.ts';
import { compareSettings, type IsOwn } from '../settings.ts';
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
  const siteOf = ({ lineage }: PostgresCapture): string => lineage.replace(/-\d+$/, '');
  // A restore begins a new lineage. Of another site it is another server.
  const isRestored: IsOwn = (name) => name === 'lineage' && siteOf(before) === siteOf(after);
  const between =
    before.lineage !== after.lineage && siteOf(before) === siteOf(after)
      ? [`a restore or a failover lies between the two points: lineage ${before.lineage} → ${after.lineage}`]
      : [];
  const own = compareSettings('the server', facts(before), facts(after), isRestored).map(
    (each): Change => ({ ...each, rank: 'access' }),
  );
  const [old, now] = [before.server, after.server];
  if (old === undefined || now === undefined)
    return section(workload, 'PostgreSQL: server', own, {
      notes: [...between, 'a point of an older version does not say which libraries the server loads'],
    });
  const numbers = (settings: Readonly<Record<string, number>>) =>
    new Map(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  const changes = [
    ...own,
    ...compareNames('library that the server loads', old.libraries, now.libraries),
    ...compareNames('extension', old.extensions, now.extensions),
    ...compareSettings('the server', numbers(old.settings), numbers(now.settings)),
  ];
  return section(workload, 'PostgreSQL: server', changes, { notes: between });
}
