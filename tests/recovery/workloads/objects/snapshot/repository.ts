/** A real restic repository in a real bucket, with captured objects as a backup stores them. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type S3Region, startS3Region } from '../../../../../drill/s3/region.ts';
import { layout } from '../../../../../plan/layout.ts';
import { productionPlan } from '../../../../../plan/production.ts';
import type { ObjectPart } from '../../../../../plan/types.ts';
import { silentLog } from '../../../../../recovery/core/log.ts';
import { makeRun } from '../../../../../recovery/core/process.ts';
import { openSecrets } from '../../../../../recovery/core/secrets.ts';
import { backupPath, ensureRepository } from '../../../../../recovery/engines/restic/actions.ts';
import { openRestic, type Restic } from '../../../../../recovery/engines/restic/restic.ts';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import type { SnapshotRequest } from '../../../../../recovery/public.ts';
import { writePart } from '../../../../../recovery/workloads/objects/stored.ts';
import { captureOf } from '../make-object.ts';

export const PASSPHRASE = 'a passphrase of the tests';
const PASSPHRASE_NAME = 'DR_TEST_CAPTURED_PASSPHRASE';

export interface CapturedRepository {
  readonly region: S3Region;
  readonly restic: Restic;
  /** All but the objects. */
  readonly request: Omit<SnapshotRequest, 'objects'>;
  /** Id of the snapshot of a folder. */
  store(folder: string): Promise<string>;
}

export interface Facts {
  /** First part of every key. @default 'production' */
  readonly environment?: string;
  /** Of the plan's repository. @default 'primary' */
  readonly id?: string;
  /** @default 'go-coffee-backups' */
  readonly bucket?: string;
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default PASSPHRASE */
  readonly passphrase?: string;
}

export async function startRepository(folder: string, facts: Facts = {}): Promise<CapturedRepository> {
  const { environment = 'production', id = 'primary', bucket = 'go-coffee-backups' } = facts;
  const { region: place = 'us-east-1', passphrase = PASSPHRASE } = facts;
  const region = await startS3Region({
    folder: join(folder, 's3'),
    name: id,
    region: place,
    bucket,
    environment,
    lockDays: 1,
  });
  process.env[PASSPHRASE_NAME] = passphrase;
  const settings = region.settings([{ name: 'first', from: { env: PASSPHRASE_NAME } }]);
  const site = {
    run: makeRun(silentLog),
    secrets: openSecrets(),
    environment: { stateDir: join(folder, 'state') },
  };
  const restic = openRestic(site, { id, settings, layout: layout(environment) }, 'writer');
  await ensureRepository(restic);
  return {
    region,
    restic,
    request: {
      plan: { ...productionPlan, environment },
      repository: { ...settings, id, ca: await readFile(region.ca, 'utf8') },
      credentials: await region.keys('restorer'),
      passphrases: { first: passphrase },
    },
    async store(path) {
      await backupPath(restic, { path, tags: [`path=${path}`], host: 'main', parent: undefined });
      const found = (await restic.snapshots()).filter(({ paths }) => paths[0] === path).at(-1);
      if (found === undefined) throw new Error(`restic has no snapshot of ${path}`);
      return found.id;
    },
  };
}

export async function writeObjects(
  folder: string,
  part: ObjectPart,
  objects: readonly KubeObject[],
  at = new Date('2026-11-25T02:00:00Z'),
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writePart(captureOf(...objects), part, folder, at);
}
