/** Pure: is a volume filled from a copy before its server first starts. Existing data is never overwritten. */
import { parseLineage } from '../../../plan/layout.ts';
import { precondition } from '../../core/errors.ts';
import type { SeedMark } from './mark.ts';

/** Made by file systems and by the mount, not by a server. */
const NO_DATA = ['lost+found'];

export interface Volume {
  readonly folder: string;
  /** Names in it, but for the seed's own. */
  readonly entries: readonly string[];
  /** Whose data it holds, if an earlier seed has marked it. */
  readonly mark: SeedMark | undefined;
  /** An earlier run has laid a checked copy down, and was killed before all of it was in place. */
  readonly ready: boolean;
}

/**
 * - `fill`: it is empty, or holds the unfinished copy of a killed run.
 * - `finish`: the checked copy of a killed run goes in place.
 * - `keep`: it holds the data of this lineage.
 * - `adopt`: it holds data, and this is the site's first generation: the data can be of no other.
 */
export type SeedDecision = 'fill' | 'finish' | 'keep' | 'adopt';

const SHOWN = 5;

function named(entries: readonly string[]): string {
  const more = entries.length > SHOWN ? ` and ${entries.length - SHOWN} more` : '';
  return `${entries.toSorted().slice(0, SHOWN).join(', ')}${more}`;
}

/**
 * @param lineage `<site>-<generation>`
 * Throws `SEED-OTHER-LIFE` (exit 6): a platform with the data of an earlier generation would show its users an old state.
 */
export function decideSeed({ folder, entries, mark, ready }: Volume, lineage: string): SeedDecision {
  const refuse = (fact: string) =>
    precondition({
      code: 'SEED-OTHER-LIFE',
      where: folder,
      fact,
      hint: 'nothing was touched: keep the volume until it is not needed, then delete its claim; a new one is filled from the repository',
    });
  if (mark !== undefined) {
    if (mark.life === lineage) return 'keep';
    throw refuse(`this volume holds the data of ${mark.life}, and this server is ${lineage}`);
  }
  if (ready) return 'finish';
  const data = entries.filter((name) => !NO_DATA.includes(name));
  if (data.length === 0) return 'fill';
  if (parseLineage(lineage)?.generation === 1) return 'adopt';
  throw refuse(
    `this volume holds data without a mark (${named(data)}), and ${lineage} is not the site's first generation`,
  );
}
