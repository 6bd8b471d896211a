/** A failure of pgBackRest is told in one line, with what to type; its advice about a retention does not hide the reason. */
import { expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { explained } from '../../../../recovery/engines/pgbackrest/failure.ts';

const time = '2026-11-30 12:40:07.444 P00  ';
const advice = (repo: number): string =>
  `${time} WARN: option 'repo${repo}-retention-full' is not set for 'repo${repo}-retention-full-type=count', the repository may run out of space\n            HINT: to retain full backups indefinitely (without warning), set option 'repo${repo}-retention-full' to the maximum.`;

/** What `dr` makes of a program that prints this and ends with 87. */
async function failureOf(said: string): Promise<unknown> {
  const program = makeRun(silentLog)(['sh', '-c', 'printf "%s" "$1"; exit 87', 'sh', said]);
  const error = await program.catch((failure: unknown) => failure);
  return explained(error, { lineage: 'fra1-1', repositories: [] }, ['--repo=1']);
}

test('PostgreSQL does not archive: the reason alone, and the command that mends it', async () => {
  const said = [...[1, 2, 3, 4].map(advice), `${time}ERROR: [087]: archive_mode must be enabled`].join('\n');
  expect(await failureOf(said)).toMatchObject({
    code: 'ENGINE-FAILED',
    fact: 'ended 87: ERROR: [087]: archive_mode must be enabled',
    hint: expect.stringContaining('`dr init --restart`'),
  });
});

test('a warning that is a part of the failure stays', async () => {
  const said = [...[1, 2, 3, 4].map(advice), `${time} WARN: repo4: [X] lost`, `${time}ERROR: [103]: none left`].join(
    '\n',
  );
  expect(await failureOf(said)).toMatchObject({ fact: 'ended 87: WARN: repo4: [X] lost\nERROR: [103]: none left' });
});

test('no room: the file that found none is named, which may lie in the target and not in the repository', async () => {
  const said = [
    `${time}ERROR: [064]: raised from local-2 protocol: unable to write '/var/lib/postgresql/15/base/5/2668': [28] No space left on device`,
    '                                    [FileWriteError] on retry after 0ms',
  ].join('\n');
  expect(await failureOf(said)).toMatchObject({ code: 'DISK-FULL', where: '/var/lib/postgresql/15/base/5/2668' });
});
