/** A sample catalog, as after a year of hourly backups: signed, chained, in a folder. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../plan/digest.ts';
import type { Workload } from '../plan/types.ts';
import { selectForBackup } from '../recovery/backup/select.ts';
import type { Repository, Site } from '../recovery/config/site.ts';
import { newPointId } from '../recovery/points/id.ts';
import type { Capture, PointBody, PointKind } from '../recovery/points/point.ts';
import { documentDigest, type SigningKey, signPoint } from '../recovery/points/signing.ts';

const HOUR = 3_600_000;
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

function captureOf(workload: Workload, at: Date, n: number): Capture {
  const capturedAt = at.toISOString();
  const { id } = workload;
  const segment = `0000000100000000${n.toString(16).toUpperCase().padStart(8, '0')}`;
  if (workload.type === 'postgres') {
    return {
      ...{
        workload: id,
        engine: 'pgbackrest',
        lineage: 'first-1',
        stanza: 'go-coffee',
        set: `set-${n}`,
        setType: 'incr',
      },
      ...{ walStart: segment, walStop: segment, lsnStart: '0/2000028', lsnStop: '0/3000050', timeline: 1 },
      ...{
        systemId: '7300000000000000001',
        serverVersion: '15',
        capturedAt,
        bytes: 3e10,
        storedBytes: 4e6,
        passphrase: 'local-1',
      },
      canary: { lastId: n + 1, rows: n + 1, digest: sha(String(n)) },
    };
  }
  return {
    ...{ workload: id, engine: 'restic', snapshot: sha(`${id} ${capturedAt}`), digest: sha(id), path: `/srv/${id}` },
    ...{ capturedAt, bytes: 1e6, objects: 10, facts: { files: 10 } },
  };
}

/** One full point per day, incremental ones in the other hours; the newest is of this hour. */
export async function writePoints(site: Site, repository: Repository, count: number): Promise<void> {
  if (repository.settings.type !== 'posix') throw new Error('the catalog is written into a folder');
  const [ref] = site.environment.signingKeys;
  if (ref === undefined) throw new Error('the environment has a signing key');
  const key: SigningKey = { name: ref.name, secret: await site.secrets.read(ref.from, 'signingKeys') };
  const covered = (kind: PointKind) => selectForBackup(site.plan, site.environment, kind, []).workloads;
  const workloads = { full: covered('full'), incremental: covered('incremental') };
  const root = repository.settings.path;
  await mkdir(dirname(join(root, repository.layout.point(newPointId('full', new Date())))), { recursive: true });
  const first = Date.now() - count * HOUR;
  let previous: string | null = null;
  for (let n = 0; n < count; n += 1) {
    const startedAt = new Date(first + n * HOUR);
    const kind = n % 24 === 0 ? 'full' : 'incremental';
    const body: PointBody = {
      ...{ apiVersion: 'go-coffee-dr/v1', kind: 'RecoveryPoint', id: newPointId(kind, startedAt), pointKind: kind },
      ...{ complete: true, environment: site.environment.name, site: site.environment.site, repository: repository.id },
      ...{ startedAt: startedAt.toISOString(), endedAt: new Date(startedAt.getTime() + 120_000).toISOString() },
      captures: workloads[kind].map((workload) => captureOf(workload, startedAt, n)),
      ...{ planDigest: site.planDigest, tools: { pgbackrest: '2.45', restic: '0.14.0' }, previous },
    };
    const point = signPoint(body, key);
    await writeFile(join(root, repository.layout.point(point.id)), `${canonicalJson(point)}\n`);
    previous = documentDigest(point);
  }
}
