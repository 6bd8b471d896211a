/**
 * An intruder with the host and the writer's keys alters rows, adds a superuser and attacks the backups. Evidence is preserved, the
 * repositories are read as of the moment before the attack, the platform is rebuilt elsewhere, and every secret is replaced.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { seconds } from '../../plan/duration.ts';
import { formatBytes } from '../../recovery/report/format.ts';
import { reportLosses } from '../losses.ts';
import type { Walk } from '../people/types.ts';
import { declareIncident } from '../people/walk.ts';
import type { Platform } from '../platform/platform.ts';
import { redisPasswordFile } from '../platform/redis.ts';
import { SERVICES } from '../platform/services.ts';
import { checkAssessment, compareWithLedger, restoreWatched } from '../recover.ts';
import type { KeyPair, S3Role } from '../s3/access.ts';
import type { S3Region } from '../s3/region.ts';
import type { Prepared, Recovered, Scenario, Stage } from '../stage.ts';
import { cutOff, preserveEvidence } from './contain.ts';
import { attackDatabase, hideEverything, INTRUDER_ROLE, removeLocalRepository, tryToDestroy } from './intruder.ts';
import { readServiceSecrets, rotateSiteSecrets, tryS3Keys, trySiteSecrets } from './rotate-secrets.ts';

/** Before and after the clean moment: S3 has times in whole seconds. */
const MARGIN_MS = 2_000;

async function attack(prepared: Prepared): Promise<void> {
  const { stage, first, regions } = prepared;
  await stage.step(
    'intruder',
    `the intruder alters rows and adds the superuser "${INTRUDER_ROLE}"`,
    () => attackDatabase(first),
    ({ altered }) => `${altered} payments altered`,
  );
  for (const region of Object.values(regions)) {
    const hidden = await stage.step(
      `hide-${region.name}`,
      `the intruder hides everything in ${region.name}`,
      () => hideEverything(region),
      (done) => done.detail,
    );
    const { hidden: _, ...entry } = hidden;
    stage.attempts.push(entry);
    const refused = await stage.step(
      `destroy-${region.name}`,
      `the intruder tries to make it final in ${region.name}`,
      () => tryToDestroy(region),
      (tries) => `${tries.filter((t) => t.outcome === 'denied').length} of ${tries.length} denied`,
    );
    stage.attempts.push(...refused);
  }
  stage.attempts.push(await removeLocalRepository(first));
}

interface OldSecrets {
  readonly services: Awaited<ReturnType<typeof readServiceSecrets>>;
  readonly redis: string;
  readonly s3: readonly (readonly [S3Region, Readonly<Record<S3Role, KeyPair>>])[];
}

/** Contains the attack: isolates the site, and revokes the stolen S3 keys before anything is read. */
async function contain({ stage, first, regions, load }: Prepared, walk: Walk): Promise<OldSecrets> {
  const services = await readServiceSecrets(first);
  const redis = await readFile(redisPasswordFile(first.paths), 'utf8');
  await load.stop();
  await stage.step(
    'isolate',
    'isolate the site: services stop, nobody but the team logs in',
    () => cutOff(stage, walk),
    ({ done, gaps }) => `${done.length} acts; still open: ${gaps.map(({ id }) => id).join(', ') || 'nothing'}`,
  );
  await stage.step(
    'evidence',
    'preserve evidence: data directory, WAL, Redis, logs and listings, signed and on legal hold',
    () => preserveEvidence(stage, walk, 'primary'),
    ({ id, files, bytes, held }) => `${id}: ${files} files, ${formatBytes(bytes)}, ${held}, read back`,
  );
  // Every point is older than the breach: none is marked.
  await checkAssessment(stage, walk, { lines: ['dr assess'] });
  await stage.step('end', 'end every process of the site', () => first.kill9());
  const s3 = await stage.step('rotate-s3', 'new S3 keys in both regions', () =>
    Promise.all(Object.values(regions).map(async (region) => [region, await region.rotate()] as const)),
  );
  return { services, redis, s3 };
}

/** Tries old and new secrets against the recovered platform: old ones must be denied, new ones must work. */
async function prove(stage: Stage, platform: Platform, old: OldSecrets): Promise<void> {
  const fresh = {
    services: await readServiceSecrets(platform),
    redis: await readFile(redisPasswordFile(platform.paths), 'utf8'),
  };
  const attempts = [
    ...(await trySiteSecrets(platform, old.services, old.redis, 'denied')),
    ...(await trySiteSecrets(platform, fresh.services, fresh.redis, 'succeeded')),
  ];
  for (const [region, keys] of old.s3) {
    const current = { writer: await region.keys('writer'), restorer: await region.keys('restorer') };
    attempts.push(...(await tryS3Keys(region, keys, 'denied')), ...(await tryS3Keys(region, current, 'succeeded')));
  }
  stage.attempts.push(...attempts);
  const wrong = stage.attempts.filter(({ outcome, expected }) => outcome !== expected);
  stage.check({
    id: 'security/attempts',
    title: `${stage.attempts.length} attempts on backups, database, Redis, services and S3 ended as expected`,
    expected: 'all',
    actual:
      wrong.length === 0
        ? 'all'
        : `all but ${wrong.map(({ attempt, outcome }) => `${attempt} (${outcome})`).join('; ')}`,
    evidence: 'each tried against the live service; listed in this report',
  });
}

async function run(prepared: Prepared): Promise<Recovered> {
  const { stage, first, regions, ledgerFile } = prepared;
  const clean = await stage.step(
    'clean',
    'the last moment before the attack',
    async () => {
      await delay(MARGIN_MS);
      const moment = new Date();
      await delay(MARGIN_MS);
      return moment;
    },
    (moment) => moment.toISOString(),
  );
  const disasterAt = stage.declare('an intruder is in the system');
  await attack(prepared);
  const walk = await declareIncident(stage, first, { impact: 'Payments were altered' });
  const old = await contain(prepared, walk);
  const second = await stage.step('site', 'an empty site', () =>
    prepared.emptySite({ site: 'second', regions, local: false }),
  );
  walk.moveTo(second);
  const asOf = ['--repository-time', clean.toISOString()];
  const { restored, ready } = await restoreWatched(stage, walk, ['--to', 'latest', '--from', 'primary', ...asOf], () =>
    stage.step('rotate', 'new passwords of the database roles and of Redis, new service tokens', () =>
      rotateSiteSecrets(stage, walk),
    ),
  );
  await walk.next({ byHand: () => prove(stage, second, old) });
  const comparison = await compareWithLedger(second, ledgerFile, disasterAt, clean);
  const allowed = seconds(stage.options.plan.objectives.rpo.database);
  reportLosses(stage, comparison, { database: allowed, redis: allowed });
  return {
    platform: second,
    restored,
    comparison,
    ready,
    walk,
    renewed: new Map([['config-and-secrets', SERVICES.map(({ id }) => `secrets/${id}.yaml`)]]),
    target: {
      repository: 'primary',
      time: clean.toISOString(),
      description: 'the newest state of the repository before the attack',
    },
  };
}

export const securityBreach: Scenario = { id: 'security-breach', run };
