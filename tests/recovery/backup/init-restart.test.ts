/** A server that does not archive must restart for it: said before, and with what was set where no leave was given. */
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

test('a dry run says that a restart will be needed, and the refusal names what was set', async () => {
  await withChosenServer({}, async ({ sql, envFile }) => {
    const file = () => sql('SELECT name FROM pg_file_settings WHERE name = $$archive_mode$$');
    const dry = await drEnds(0, envFile, ['init', '--dry-run']);
    expect(dry.stdout).toContain("A restart will be needed: archive_mode can't change while PostgreSQL runs");
    expect(await file()).toEqual([]);
    const { stderr } = await drEnds(6, envFile, ['init']);
    expect(stderr).toMatch(
      /^DR-RESTART-NEEDED postgres: archive_mode, .*archive_command.* were set with ALTER SYSTEM/m,
    );
    expect(stderr).toContain('nothing is archived before the server restarts');
    expect(stderr).not.toContain('nothing was changed');
    expect(await file()).toHaveLength(1);
  });
});
