/**
 * Pure: the shell lines of a `restore_command` around pgBackRest's `archive-get`. That starts a process in the background, and waits for it
 * `archive-timeout`; one that was killed (by the system, for memory) is started again by the next try, and by that alone. One that
 * still works is waited for again.
 */

/** How long one try waits. */
export const GET_WAIT_SECONDS = 20;
/** Five minutes in all: a segment on a busy host and a slow line, and a replay that gives up is a failed restore. */
const TRIES = 15;
/** pgBackRest's error for what did not come in time (`error.auto.c`: ArchiveTimeoutError). */
const NOT_IN_TIME = 82;

/** Leaves pgBackRest's exit code in `code`. @param pgbackrest `pgbackrest --config=… --stanza=…` */
export function getAgain(pgbackrest: string): string[] {
  return [
    'tries=0',
    `while [ "$tries" -lt ${TRIES} ]; do`,
    '  tries=$((tries + 1))',
    `  ${pgbackrest} archive-get "$@"`,
    '  code=$?',
    `  [ "$code" -eq ${NOT_IN_TIME} ] || break`,
    'done',
  ];
}
