/** S3 is gone for good during a restore. The restore fails by its deadline, and resumes when S3 is back. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { expectNoSecrets, expectWhole, isReady } from './evidence.ts';
import { drEnds } from './golden.ts';
import { type GoldenS3, withGoldenS3 } from './golden-s3.ts';
import { type SteppedDr, startSteppedRestore } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];
/** From the moment that S3 is gone to the end of the command. */
const DEADLINE_SECONDS = 300;

interface Loss {
  /** Waits for the moment, then S3 is gone. */
  readonly moment: (run: SteppedDr, golden: GoldenS3) => Promise<unknown>;
  readonly gone: (golden: GoldenS3) => Promise<unknown>;
  readonly back: (golden: GoldenS3) => Promise<unknown>;
}

async function lost(workload: string, { moment, gone, back }: Loss): Promise<void> {
  await withGoldenS3(async (golden) => {
    const site = await golden.s3Site('second', [workload]);
    const run = await startSteppedRestore(site, RESTORE, { timeoutSeconds: 330 });
    await moment(run, golden);
    await gone(golden);
    run.goOn();
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
const at = (line: string) => async (run: SteppedDr) => expect(await run.until((name) => name === line)).toBe(line);

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
    // From the third segment on, which ends no replay. A restore looks at some before it begins: they don't count.
    const moment = async (run: SteppedDr, { proxy }: GoldenS3): Promise<void> => {
      await at('postgres/replay start')(run);
      const asked = new Set<string>();
      proxy.decide = (_, url) => {
        const [segment] = /[0-9A-F]{24}-[0-9a-f]{40}/.exec(url) ?? [];
        if (segment !== undefined) asked.add(segment);
        return asked.size > 2 ? 'unavailable' : 'pass';
      };
      run.goOn();
      await waitFor('replay', async () => asked.size > 2 || !run.alive(), 60);
    };
    return lost('postgres', {
      moment,
      gone: async (golden) => {
        await refuses.gone(golden);
        await hangs.back(golden);
      },
      back: async (golden) => {
        const log = await readFile(`${golden.folder}/second/logs/postgres.log`, 'utf8');
        expect(log).not.toContain('selected new timeline');
        await refuses.back(golden);
      },
    });
  }, 400_000);
});
