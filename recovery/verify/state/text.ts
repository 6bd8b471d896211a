/** The state of a repository, and what a repair does, as text. */
import { formatTime, plural } from '../../report/format.ts';
import type { RepositoryState } from './inspect.ts';

export function stateText(state: RepositoryState): string {
  const { id, error, newest, remembered, restic, lineages, fences, faults } = state;
  if (error !== undefined) return `${id}: unreachable: ${error.fact}\n  hint: ${error.hint}`;
  const keys = Object.entries(state.signingKeys).map(([name, count]) => `"${name}" ${count}`);
  const sequence = newest?.sequence === null ? '' : ` (number ${newest?.sequence})`;
  return [
    `${id}: ${plural(state.points, 'point')}, ${newest === undefined ? 'no newest one' : `the newest is ${newest.id}${sequence}`}`,
    `  signed with: ${keys.join(', ') || '-'}`,
    ...remembered.map(({ by, at, point }) => `  ${by} remembers ${point ?? 'no point'}, written at ${formatTime(at)}`),
    restic === undefined
      ? '  restic: no repository'
      : `  restic: ${plural(restic.snapshots, 'snapshot')}, opens with "${restic.passphrase}"`,
    ...lineages.map(
      ({ lineage, sets, passphrase }) =>
        `  ${lineage}: ${plural(sets, 'set')}, ${passphrase === undefined ? 'opens with no passphrase here' : `opens with "${passphrase}"`}`,
    ),
    ...fences.map(({ lineage, successor }) => `  ${lineage} is fenced: ${successor} leads`),
    ...(faults.length === 0 ? ['  nothing is missing'] : faults.map((fault) => `  WRONG ${fault}`)),
  ].join('\n');
}
