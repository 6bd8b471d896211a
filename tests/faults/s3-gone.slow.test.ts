/** S3 is gone for good during a restore. The restore fails by its deadline, and resumes when S3 is back. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { expectNoSecrets, expectWhole, isReady } from './evidence.ts';
import { drEnds, startDr } from './golden.ts';
import { type GoldenS3, withGoldenS3 } from './golden-s3.ts';
import { untilLine } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];
/** From the moment that S3 is gone to the end of the command. */
const DEADLINE_SECONDS = 300;

interface Loss {
  /** Waits for the moment, then S3 is gone. */
  readonly moment: (site: Platform, run: ReturnType<typeof startDr>) => Promise<unknown>;
  readonly gone: (golden: GoldenS3) => Promise<unknown>;
  readonly back: (golden: GoldenS3) => Promise<unknown>;
}

async function lost(workload: string, { moment, gone, back }: Loss): Promise<void> {
  await withGoldenS3(async (golden) => {
    const site = await golden.s3Site('second', [workload]);
    const run = startDr(site.envFile, RESTORE, { timeoutSeconds: 330 });
    await moment(site, run);
    await gone(golden);
    const since = performance.now();
    const failed = await run.done;
    const seconds = (performance.now() - since) / 1000;
    expect(failed.exitCode, `${failed.stdout}${failed.stderr}`).toBe(1);
    expect(seconds).toBeLessThan(DEADLINE_SECONDS);
    expect(isReady(site)).toBe(false);
    expect(failed.stdout).toContain('run the same command again: it resumes');

    await back(golden);
    const second = await drEnds(0, site.envFile, RESTORE);
    expect(second.stderr).toContain('resume restore-');
    await expectWhole(site, golden.facts);
    await expectNoSecrets(golden, site, [failed, second]);
  });
}

const hangs = {
  gone: async ({ proxy }: GoldenS3) => {
    proxy.decide = () => 'hang';
  },
  back: async ({ proxy }: GoldenS3) => {
    proxy.decide = () => 'pass';
  },
};
const refuses = {
  gone: ({ region }: GoldenS3) => region.kill(),
  back: ({ region }: GoldenS3) => region.start(),
};
const at = (line: string) => (site: Platform, run: ReturnType<typeof startDr>) =>
  untilLine(site, run, 0, (name) => name === line);

// They wait for timeouts most of the time, so they do it together.
describe.concurrent('S3 is gone while', () => {
  test(
    'pgBackRest copies: requests hang',
    () => lost('postgres', { moment: at('postgres/copy start'), ...hangs }),
    400_000,
  );

  test(
    'restic copies: every connection is refused',
    () => lost('uploads', { moment: at('uploads/copy start'), ...refuses }),
    400_000,
  );

  test('the server replays: it must not end recovery early and accept writes', () => {
    const moment = async (site: Platform): Promise<void> => {
      const log = async () => readFile(site.paths.postgresLog, 'utf8').catch(() => '');
      await waitFor('replay', async () => (await log()).includes('restored log file'), 60);
    };
    return lost('postgres', {
      moment,
      gone: refuses.gone,
      back: async (golden) => {
        const log = await readFile(`${golden.folder}/second/logs/postgres.log`, 'utf8');
        expect(log).not.toContain('selected new timeline');
        await refuses.back(golden);
      },
    });
  }, 400_000);
});
