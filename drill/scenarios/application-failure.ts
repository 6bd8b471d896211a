/** Manifests, secrets, uploads and Redis are lost or overwritten. They are restored, and the drill proves that the database was not touched. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seconds } from '../../plan/duration.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { endProcess } from '../../recovery/core/pids.ts';
import {
  compareDatabases,
  type DatabaseFingerprint,
  databaseFingerprint,
} from '../../recovery/workloads/postgres/fingerprint.ts';
import { processesBelow } from '../host/processes-below.ts';
import { reportLosses } from '../losses.ts';
import { declareIncident } from '../people/walk.ts';
import type { Platform } from '../platform/platform.ts';
import { firstRow } from '../platform/postgres.ts';
import { SELF_CHANGING_TABLES } from '../platform/schema.ts';
import { checkAssessment, compareWithLedger, restoreWatched } from '../recover.ts';
import type { Prepared, Recovered, Scenario, Stage } from '../stage.ts';

const LOST = ['redis', 'uploads', 'manifests', 'config-and-secrets', 'configuration-files'];

interface ServerState {
  /** System id, timeline and start time: if one of them differs, the server was restarted or replaced. */
  readonly identity: string;
  readonly lsn: string;
  readonly content: DatabaseFingerprint;
}

async function serverState(platform: Platform): Promise<ServerState> {
  const client = await platform.postgres();
  try {
    const { rows } = await client.query<{ identity: string; lsn: string }>(
      `select 'system ' || s.system_identifier || ', timeline ' || c.timeline_id || ', started ' || pg_postmaster_start_time() as identity,
         pg_current_wal_lsn()::text as lsn
       from pg_control_system() s, pg_control_checkpoint() c`,
    );
    const { identity, lsn } = firstRow(rows);
    return { identity, lsn, content: await databaseFingerprint(client, { exclude: SELF_CHANGING_TABLES }) };
  } finally {
    await client.end();
  }
}

/** `0/3000148` as a comparable number. */
function position(lsn: string): bigint {
  const [high, low] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

async function ruin(platform: Platform): Promise<void> {
  const { paths } = platform;
  const servers = (await processesBelow(paths.root, paths.run)).filter(({ command }) =>
    command.includes('redis-server'),
  );
  await Promise.all(servers.map(({ pid }) => endProcess(pid, 'SIGKILL')));
  for (const name of await readdir(paths.redisData)) await rm(join(paths.redisData, name), { recursive: true });
  await rm(paths.folder('manifests'), { recursive: true });
  for (const name of await readdir(join(paths.folder('config-and-secrets'), 'secrets'))) {
    await writeFile(join(paths.folder('config-and-secrets'), 'secrets', name), 'kind: Nonsense\n');
  }
  const uploads = paths.folder('uploads');
  const [gone, ...altered] = (await readdir(uploads)).sort();
  if (gone === undefined) throw new Error('the platform has no uploads');
  await rm(join(uploads, gone), { recursive: true });
  for (const folder of altered.slice(0, 3)) {
    for (const name of await readdir(join(uploads, folder)))
      await writeFile(join(uploads, folder, name), 'not a picture');
  }
  await rm(join(paths.folder('configuration-files'), 'features.yaml'));
}

function untouchedChecks(stage: Stage, before: ServerState, after: ServerState): void {
  const differences = compareDatabases(before.content, after.content);
  stage.check({
    id: 'database/life',
    title: 'the database server was not touched',
    tier: 'P1',
    expected: before.identity,
    actual: after.identity,
    evidence: 'pg_control_system(), pg_control_checkpoint(), pg_postmaster_start_time()',
  });
  stage.check({
    id: 'database/position',
    title: 'its WAL continued',
    tier: 'P1',
    expected: `${before.lsn} or later`,
    actual: after.lsn,
    ok: position(after.lsn) >= position(before.lsn),
    evidence: 'pg_current_wal_lsn()',
  });
  stage.check({
    id: 'database/untouched',
    title: 'its rows are those of the moment of the disaster',
    tier: 'P1',
    expected: 'no difference',
    actual:
      differences.length === 0
        ? 'no difference'
        : `${differences.length} tables differ: ${differences.map((d) => d.item).join(', ')}`,
    evidence: 'checksums over every row, before and after',
  });
}

async function run(prepared: Prepared): Promise<Recovered> {
  const { stage, first, load, ledgerFile } = prepared;
  const disasterAt = stage.declare('manifests, secrets, uploads and Redis are lost or overwritten');
  await stage.step('ruin', `ruin ${LOST.join(', ')}`, async () => {
    await ruin(first);
    await load.ended;
  });
  const before = await serverState(first);
  const walk = await declareIncident(stage, first, { impact: 'Carts are empty and pictures are missing' });
  // `dr health` names the services that fail.
  await checkAssessment(stage, walk, { accept: [EXIT.failure] });
  const args = ['--to', 'latest', '--only', LOST.join(',')];
  const { restored, ready } = await restoreWatched(stage, walk, args);
  untouchedChecks(stage, before, await serverState(first));
  const comparison = await compareWithLedger(first, ledgerFile, disasterAt);
  const p1 = stage.options.plan.tiers.find((tier) => tier.id === 'P1');
  // Redis ships no log: writes after its last copy are lost.
  reportLosses(stage, comparison, { database: 0, redis: p1 ? seconds(p1.rpo) : 0 });
  return {
    platform: first,
    restored,
    comparison,
    ready,
    walk,
    target: { repository: restored.data.plan.repository, description: `the newest copies of ${LOST.join(', ')}` },
  };
}

export const applicationFailure: Scenario = { id: 'application-failure', run };
