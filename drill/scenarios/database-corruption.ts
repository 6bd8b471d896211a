/** Pages of data files are overwritten. Checksums reveal them; readable data is saved, then everything is restored and replayed to the end. */
import { z } from 'zod';
import { EXIT } from '../../recovery/core/errors.ts';
import { reportLosses } from '../losses.ts';
import { declareIncident } from '../people/walk.ts';
import { answerOf, checkAssessment, compareWithLedger, restoreWatched } from '../recover.ts';
import type { Prepared, Recovered, Scenario } from '../stage.ts';
import { scanChecksums } from './checksum-scan.ts';
import { corruptPages } from './corrupt-pages.ts';

const TABLES = ['accounts', 'events', 'payments'];
const PAGES = 5;
const SCAN = 'pg_basebackup to nowhere: it reads every page from disk';

const savedSchema = z.object({ tables: z.array(z.object({ table: z.string(), state: z.string() })) });

function savedText({ tables }: z.infer<typeof savedSchema>): string {
  const count = (state: string): number => tables.filter((table) => table.state === state).length;
  return `${count('whole')} tables whole, ${count('partial')} in part, ${count('lost')} lost`;
}

async function run(prepared: Prepared): Promise<Recovered> {
  const { stage, first, load, ledgerFile } = prepared;
  const { seed } = stage.options;
  const corrupted = await stage.step(
    'corrupt',
    'overwrite pages of data files below the running server',
    () => corruptPages(first, TABLES, PAGES, seed),
    (pages) => `${pages.length} pages of ${TABLES.join(', ')}`,
  );
  const disasterAt = stage.declare('data files are corrupt');
  const scan = await stage.step(
    'detect',
    'check the checksum of every page',
    () => scanChecksums(first),
    ({ message }) => message,
  );
  stage.check({
    id: 'detection/checksums',
    title: 'checksums reveal the damaged files',
    tier: 'P1',
    expected: [...new Set(corrupted.map(({ file }) => file))].sort().join(', '),
    actual: [...scan.files].sort().join(', '),
    evidence: SCAN,
  });
  const walk = await declareIncident(stage, first, { impact: 'Orders fail' });
  await walk.next({ byHand: () => Promise.all([load.stop(), first.stopServices()]) });
  await checkAssessment(stage, walk);
  const dump = 'dr restore --emergency-dump';
  await stage.step(
    'emergency-dump',
    `${dump}: save what can still be read`,
    async () => answerOf(await walk.step(dump, { accept: [EXIT.partial] }), dump, savedSchema),
    savedText,
  );
  const args = ['--to', 'latest', '--only', 'postgres'];
  const { restored, ready } = await restoreWatched(stage, walk, args, async () => {
    await stage.step('services', 'start the services', () => first.startServices());
  });
  await walk.next({ skip: 'the restore has replayed the WAL to its end' });
  stage.check({
    id: 'database/checksums',
    title: 'every page has a correct checksum again',
    tier: 'P1',
    expected: 'no wrong checksum',
    actual: (await scanChecksums(first)).message,
    evidence: SCAN,
  });
  const comparison = await compareWithLedger(first, ledgerFile, disasterAt);
  // The WAL is complete: no acknowledged write may be missing.
  reportLosses(stage, comparison, { database: 0, redis: 0 });
  return {
    platform: first,
    restored,
    comparison,
    ready,
    walk,
    target: { repository: restored.data.plan.repository, description: 'the end of the WAL' },
  };
}

export const databaseCorruption: Scenario = { id: 'database-corruption', run };
