/** The repositories that a command of the family means. */
import { presentRepositories } from '../../../recovery/config/repositories.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';

/** Those that are named, or all that can be queried. Throws `REPOSITORY-UNKNOWN` (exit 2). */
export function chosen(site: Site, ids: readonly string[]): readonly Repository[] {
  return ids.length > 0 ? ids.map((id) => site.repository(id)) : presentRepositories(site);
}
