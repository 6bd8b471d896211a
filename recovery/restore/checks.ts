/** Questions to the restored data. "The engine exited 0" is no answer. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { GIT_ENV } from '../backup/git-mirrors.ts';
import { checkOciLayouts } from '../backup/oci.ts';
import { readPart } from '../capture/files.ts';
import { postgresSettings, redisSettings } from '../config/environment.ts';
import { DrError, verificationFailed } from '../core/errors.ts';
import { readControlData } from '../engines/postgres/control-data.ts';
import { withClient } from '../engines/postgres/server.ts';
import { withRedis } from '../engines/redis/server.ts';
import { OBJECTS, type PostgresCapture, type ResticCapture } from '../points/point.ts';
import { segmentOfLsn, segmentOfName } from '../points/wal.ts';
import { checkCanary } from '../verify/canary.ts';
import type { Check, RestoreContext } from './context.ts';
import type { RestoreItem } from './plan-types.ts';
import { countFolder } from './steps/folder.ts';

type Facts = Omit<Check, 'tier' | 'ok'> & { ok?: boolean };

function check(item: RestoreItem, facts: Facts): Check {
  return { ...facts, tier: item.tier, ok: facts.ok ?? facts.expected === facts.actual };
}

async function postgresChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const capture = item.capture as PostgresCapture;
  const settings = postgresSettings(context.site.environment);
  const control = await readControlData(context.site, settings);
  return withClient(context.site, settings, async (client) => {
    const one = async (sql: string) => Object.values((await client.query(sql)).rows[0] ?? {})[0] as string;
    const timeline = Number(await one('SELECT timeline_id FROM pg_control_checkpoint()'));
    const history = `0000000${timeline.toString(16).toUpperCase()}`.slice(-8);
    const switched = await one(`SELECT pg_read_file('pg_wal/${history}.history', 0, 1000000, true)`);
    const reached = /^\s*\d+\s+([0-9A-F]+\/[0-9A-F]+)/m.exec((switched ?? '').trim().split('\n').at(-1) ?? '')?.[1];
    const failures = await one('SELECT coalesce(sum(checksum_failures), 0)::text FROM pg_stat_database');
    const archive = await one('SHOW archive_command');
    const canary = await checkCanary(client, capture.canary);
    const checks = [
      check(item, {
        id: 'postgres/system-id',
        title: 'is the cluster that was backed up',
        expected: capture.systemId,
        actual: control?.systemId ?? 'unknown',
      }),
      check(item, {
        id: 'postgres/canary',
        title: 'canary rows are as they were written',
        expected: 'no difference',
        actual: canary.problems.join('; ') || 'no difference',
      }),
      check(item, {
        id: 'postgres/checksums',
        title: 'page checksum failures since the start',
        expected: '0',
        actual: failures,
      }),
      check(item, {
        id: 'postgres/archive',
        title: 'archives to a lineage of its own',
        expected: `not ${capture.lineage}`,
        actual: archive,
        ok: !archive.includes(`/${capture.lineage}/`),
      }),
    ];
    if (item.end?.kind === 'time') {
      const { time } = item.end;
      const replayed = (await client.query<{ at: Date | null }>('SELECT pg_last_xact_replay_timestamp() AS at')).rows[0]
        ?.at;
      const facts = {
        id: 'postgres/moment',
        title: 'the last replayed commit is not after the target',
        expected: `≤ ${time}`,
      };
      const ok = !replayed || replayed <= new Date(time);
      checks.push(check(item, { ...facts, actual: replayed?.toISOString() ?? 'no commit was replayed', ok }));
    }
    if (item.end?.kind === 'end-of-wal' && item.walLast !== undefined) {
      const ok = reached !== undefined && segmentOfLsn(reached) >= segmentOfName(item.walLast);
      checks.push(
        check(item, {
          id: 'postgres/replayed',
          title: 'replayed to the end of the archived WAL',
          expected: `segment ${item.walLast}`,
          actual: reached === undefined ? 'no timeline of its own' : `LSN ${reached}`,
          ok,
        }),
      );
    }
    return checks;
  });
}

async function redisChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const held = Number((item.capture as ResticCapture).facts.keys);
  const { size, expired } = await withRedis(context.site, redisSettings(context.site.environment), async (redis) => {
    const info = await redis.info('persistence');
    const dropped = /^rdb_last_load_keys_expired:(\d+)/m.exec(info)?.[1];
    const stats = /^expired_keys:(\d+)/m.exec(await redis.info('stats'))?.[1];
    return { size: await redis.dbsize(), expired: Number(dropped ?? 0) + Number(stats ?? 0) };
  });
  const facts = {
    id: 'redis/keys',
    title: 'keys of the RDB are loaded, or have expired since',
    expected: String(held),
  };
  return [
    check(item, {
      ...facts,
      actual: `${size} and ${expired} expired`,
      // A snapshot of sessions may hold nothing that is still alive; a server that loaded nothing has expired nothing.
      ok: size + expired >= held,
    }),
  ];
}

/** Files and bytes are those of the capture; what Kubernetes is rebuilt from parses (elsewhere `.yaml` may be a template). */
async function folderChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const capture = item.capture as ResticCapture;
  const say = (files: number, bytes: number) => `${files} files, ${bytes} bytes`;
  const found = await countFolder(item.destination);
  const facts = { id: `${item.workload}/files`, title: `${item.workload} holds what was captured` };
  const checks = [
    check(item, { ...facts, expected: say(capture.objects, capture.bytes), actual: say(found.files, found.bytes) }),
  ];
  const { group } = context.site.plan.workloads.find((w) => w.id === item.workload) ?? {};
  if (group !== 'infrastructure') return checks;
  const entries = await readdir(item.destination, { withFileTypes: true, recursive: true });
  const documents = entries.filter((e) => e.isFile() && /\.ya?ml$/.test(e.name)).map((e) => join(e.parentPath, e.name));
  if (documents.length === 0) return checks;
  const bad: string[] = [];
  for (const path of documents) {
    const parsed = parseAllDocuments(await readFile(path, 'utf8'));
    if (Array.isArray(parsed) && parsed.some((d) => d.errors.length > 0)) bad.push(path);
  }
  const yaml = {
    id: `${item.workload}/yaml`,
    title: `${item.workload}: YAML files parse`,
    expected: `${documents.length} good`,
  };
  return [
    ...checks,
    check(item, { ...yaml, actual: bad.length === 0 ? `${documents.length} good` : `bad: ${bad.join(', ')}` }),
  ];
}

async function gitChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const { facts } = item.capture as ResticCapture;
  const names = Object.keys(facts).flatMap((key) => (key.startsWith('main/') ? [key.slice(5)] : []));
  return Promise.all(
    names.map(async (name) => {
      const folder = join(item.destination, `${name}.git`);
      const { run } = context.site;
      const wanted = { id: `git/${name}`, title: `main of ${name}`, expected: String(facts[`main/${name}`]) };
      try {
        await run(['git', '-C', folder, 'fsck', '--connectivity-only', '--no-progress'], { env: GIT_ENV });
        const argv = ['for-each-ref', '--format=%(objectname) %(refname)'];
        const { stdout } = await run(['git', '-C', folder, ...argv], { env: GIT_ENV });
        const actual = /^([0-9a-f]+) refs\/heads\/(?:main|master)$/m.exec(stdout)?.[1] ?? 'no main';
        return check(item, { ...wanted, actual: actual === 'no main' && wanted.expected === '' ? '' : actual });
      } catch (error) {
        if (!(error instanceof DrError) || error.code !== 'ENGINE-FAILED') throw error;
        return check(item, { ...wanted, actual: error.fact, ok: false });
      }
    }),
  );
}

async function imageChecks(item: RestoreItem): Promise<Check[]> {
  const { images, blobs } = await checkOciLayouts(item.destination);
  const { facts } = item.capture as ResticCapture;
  const say = (i: unknown, b: unknown) => `${i} images, ${b} blobs`;
  return [
    check(item, {
      id: 'images/blobs',
      title: 'every blob matches its digest',
      expected: say(facts.images, facts.blobs),
      actual: say(images, blobs),
    }),
  ];
}

/** Every object is there as the index says; `readPart` throws for one that isn't. */
async function objectChecks(item: RestoreItem): Promise<Check[]> {
  const { facts } = item.capture as ResticCapture;
  const { objects } = await readPart(item.destination);
  const expected = `${facts[OBJECTS]} objects`;
  const title = `${item.workload}: every object is as it was captured`;
  return [check(item, { id: `${item.workload}/objects`, title, expected, actual: `${objects.length} objects` })];
}

/** Throws `VERIFICATION-FAILED` (exit 5) with every difference. */
export async function verifyItem(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const checks =
    item.type === 'postgres'
      ? await postgresChecks(context, item)
      : item.type === 'redis'
        ? await redisChecks(context, item)
        : item.type === 'git'
          ? await gitChecks(context, item)
          : item.type === 'images'
            ? await imageChecks(item)
            : (item.capture as ResticCapture).facts[OBJECTS] !== undefined
              ? await objectChecks(item)
              : await folderChecks(context, item);
  const wrong = checks.filter((c) => !c.ok);
  if (wrong.length === 0) return checks;
  throw verificationFailed({
    code: 'VERIFICATION-FAILED',
    where: item.workload,
    fact: wrong.map((c) => `${c.title}: expected ${c.expected}, found ${c.actual}`).join('\n'),
    hint: 'the target is not marked ready; restore from another point or repository (`dr points`)',
  });
}
