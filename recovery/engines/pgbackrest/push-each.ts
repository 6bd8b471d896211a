/**
 * Pure: the shell lines of an `archive_command` that ships to each repository by itself. One push to all of them serves the others only
 * after one that is away has had all its tries: eight times `io-timeout`, measured with pgBackRest 2.45 as four to eight minutes.
 */

export interface Push {
  /** pgBackRest's number of the repository. */
  readonly number: number;
  /** Lines that read its secrets into the environment; they end the script where one can't be read. */
  readonly reads: readonly string[];
  /** `pgbackrest --config=… --stanza=…` with a configuration that has this repository only. */
  readonly pgbackrest: string;
}

/**
 * A segment counts as archived when every repository has it. While one has not, PostgreSQL asks for the same segment again and again, and
 * pgBackRest begins nothing for a segment that it has: so the repositories that answer are asked for the newest one, with which they get
 * all that wait.
 */
const NEWER = [
  'folder=$(dirname "$1")',
  'newest=$(LC_ALL=C ls "$folder/archive_status" | sed -n \'s/\\.ready$//p\' | tail -n 1)',
  'if [ -n "$newest" ] && [ "$newest" != "$(basename "$1")" ]; then',
  '  for repository in $served; do "push_$repository" "$folder/$newest" & done',
  '  wait',
  'fi',
];

/** `$1` is `%p`. Exits 0 when every repository has the segment, and with pgBackRest's code of one that has not. */
export function pushEach(pushes: readonly Push[]): string[] {
  const [only] = pushes;
  if (only !== undefined && pushes.length === 1) return [...only.reads, `exec ${only.pgbackrest} archive-push "$@"`];
  const functions = pushes.flatMap(({ number, reads, pgbackrest }) => [
    `push_${number}() {`,
    ...reads,
    `exec ${pgbackrest} archive-push "$1"`,
    '}',
  ]);
  return [
    ...functions,
    'running= served= failed=0',
    `for repository in ${pushes.map(({ number }) => number).join(' ')}; do`,
    '  "push_$repository" "$1" &',
    '  running="$running $repository:$!"',
    'done',
    'for one in $running; do',
    `  if wait "\${one#*:}"; then served="$served \${one%%:*}"; else failed=$?; fi`,
    'done',
    '[ "$failed" -eq 0 ] && exit 0',
    ...NEWER,
    'exit "$failed"',
  ];
}
