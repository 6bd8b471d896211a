/** The README of an off-site copy, for people with the drive and the passphrase, but without this program. Pure. */
import type { Layout } from '../../plan/layout.ts';
import type { RecoveryPoint } from '../points/point.ts';

export interface ReadmeFacts {
  readonly point: Pick<RecoveryPoint, 'id' | 'environment' | 'startedAt' | 'captures'>;
  /** The copy's layout. */
  readonly layout: Pick<Layout, 'copyPrefix' | 'pgbackrest' | 'restic'>;
  /** Name of the drive or bucket in the environment file. */
  readonly repository: string;
}

/** The path of the engines' data in the copy's folder. */
function inCopy({ point, layout }: ReadmeFacts, key: string): string {
  return `$COPY/${key.slice(layout.copyPrefix(point.id).length)}`;
}

function postgresLines(facts: ReadmeFacts): string[] {
  const capture = facts.point.captures.find((each) => each.engine === 'pgbackrest');
  if (capture === undefined) return [];
  return [
    '',
    `# PostgreSQL ${capture.serverVersion}, as its own account, with its programs on the PATH (Debian: /usr/lib/postgresql/${capture.serverVersion}/bin)`,
    `: "\${DATA:=/var/lib/postgresql/restored}"`,
    `export PGBACKREST_REPO1_PATH="${inCopy(facts, facts.layout.pgbackrest(capture.lineage))}" PGBACKREST_REPO1_CIPHER_TYPE=aes-256-cbc`,
    `export PGBACKREST_REPO1_CIPHER_PASS="$(cat "$PASSPHRASE_FILE")" PGBACKREST_STANZA=${capture.stanza} PGBACKREST_PG1_PATH="$DATA"`,
    'export PGBACKREST_CONFIG=/dev/null PGBACKREST_LOG_LEVEL_FILE=off PGBACKREST_LOCK_PATH="$DATA.lock"',
    'pgbackrest info',
    `pgbackrest restore --set=${capture.set} --archive-mode=off`,
    'pg_ctl -D "$DATA" -o "-k $DATA -c listen_addresses=\'\'" -l "$DATA.log" -w start',
  ];
}

function resticLines(facts: ReadmeFacts): string[] {
  const captures = facts.point.captures.filter((each) => each.engine === 'restic');
  if (captures.length === 0) return [];
  return [
    '',
    '# everything else',
    `: "\${FILES:=/var/tmp/restored-files}"`,
    `export RESTIC_REPOSITORY="${inCopy(facts, facts.layout.restic)}" RESTIC_PASSWORD_FILE="$PASSPHRASE_FILE"`,
    'restic --no-lock snapshots',
    ...captures.map(
      ({ workload, snapshot }) => `restic --no-lock restore ${snapshot} --target "$FILES"   # ${workload}`,
    ),
  ];
}

export function renderReadme(facts: ReadmeFacts): string {
  const { point, layout, repository } = facts;
  const prefix = layout.copyPrefix(point.id).slice(0, -1);
  return `${[
    `# Recovery point ${point.id} of "${point.environment}", begun ${point.startedAt}: a copy that needs nothing else but`,
    `# the passphrase of the repository "${repository}" (escrow). With \`dr\`: dr restore --to ${point.id} --from ${repository}`,
    '# Without it, pgBackRest and restic open it. These lines do that, one after the other:',
    '',
    `# where it is: a folder here; for S3 set PGBACKREST_REPO1_TYPE=s3 and RESTIC_REPOSITORY=s3:https://HOST/BUCKET/${prefix}/restic and keys`,
    `: "\${COPY:=/mnt/offsite/${prefix}}" "\${PASSPHRASE_FILE:=/etc/go-coffee-dr/keys/${repository}}"`,
    '',
    '# whether every file is what it was',
    '(cd "$COPY" && sha256sum --quiet -c SHA256SUMS)',
    ...postgresLines(facts),
    ...resticLines(facts),
  ].join('\n')}\n`;
}
