/** Lines of scripts that refuse data of another major version of PostgreSQL. Pure. */
import { PATHS } from '../cluster/paths.ts';

/** The major version of this image's server, e.g. `17`. */
const OURS = "ours=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\\1/')";

const otherMajor = (what: string): string[] => [
  `  echo "${what} of PostgreSQL $held, and this image has PostgreSQL $ours: nothing was touched" >&2`,
  '  echo "hint: use an image of PostgreSQL $held (POSTGRES_MAJOR=$held); docs/majors.md is the way to another major" >&2',
  '  exit 1',
];

/** Only the server that made data can open it. Without this check Patroni would try again and again, and nobody would see why. */
export const SAME_MAJOR = [
  OURS,
  `held=$(cat ${PATHS.pgData}/PG_VERSION 2>/dev/null || true)`,
  `if [ -n "$held" ] && [ "$held" != "$ours" ]; then`,
  ...otherMajor('this volume holds data'),
  'fi',
];

/** Before hours of copying. `info` names the majors whose WAL the lineage holds; a lineage that names none is left to the restore. */
export const sourceMajor = (run: string, lineage: string): string[] => [
  OURS,
  `held=$(${run} --repo=1 --log-level-console=off info | sed -n 's|.*wal archive min/max (\\([0-9]*\\)).*|\\1|p')`,
  `if [ -n "$held" ] && ! echo "$held" | grep -qx "$ours"; then`,
  `  held=$(echo "$held" | tail -n 1)`,
  ...otherMajor(`${lineage} holds data`),
  'fi',
];
