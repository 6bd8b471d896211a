/** The first `up` of a recovery: its target is resolved in the repository itself, and never again after it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout, STANZA } from '../../plan/layout.ts';
import { openS3Store } from '../../recovery/adapters/s3-store.ts';
import { openCatalog } from '../../recovery/catalog.ts';
import { startS3Region } from '../../recovery/drill/s3-region.ts';
import { pointBody, postgresCapture, resticCapture } from '../recovery/point-fixture.ts';
import { makeScratch } from '../recovery/scratch.ts';
import { makeSite } from '../recovery/site-fixture.ts';
import { record, STORED_SECRETS, TEST_SECRETS } from './recording.ts';

const RECOVERY = {
  role: 'recovery',
  generation: 2,
  recovery: { from: 'latest', repository: 'secondary' },
  secrets: { from: 'config' },
  secretValues: STORED_SECRETS,
};
const upBefore = (recoveredFrom: unknown, generation = 2) => ({
  previous: { leads: true, site: 'local', generation, recoveredFrom },
});

test('a repository that can’t be read is said, with what was asked of it', async () => {
  await expect(record('local', RECOVERY)).rejects.toThrow(
    /^DR-REPOSITORY-UNREACHABLE [\s\S]*s3-secondary\.test[\s\S]*\nrecovery\.from "latest" could not be resolved in secondary; nothing/,
  );
});

test('the first `up` resolves the point in a real bucket, with the restorer’s keys and the stack’s signing key', async () => {
  const { folder, remove } = await makeScratch();
  const bucket = 'go-coffee-backups-eu-west-1';
  const region = await startS3Region({
    folder: join(folder, 's3'),
    name: 'secondary',
    region: 'eu-west-1',
    bucket,
    environment: 'local',
    lockDays: 1,
  });
  try {
    const settings = region.settings([{ name: 'first', from: { env: 'X' } }]);
    const store = openS3Store({ settings, credentials: await region.keys('writer') });
    const keys = layout('local');
    for (const segment of ['000000010000000000000002', '000000010000000000000003']) {
      const name = `15-1/${segment.slice(0, 16)}/${segment}-${'a'.repeat(40)}.zst`;
      await store.put(`${keys.pgbackrest('local-1')}/archive/${STANZA}/${name}`, 'wal');
    }
    const made = await makeSite(folder, { keys: ['first'] });
    // The fixture's own environment and secret, as this stack has them.
    const secrets = { ...made.secrets, read: async () => STORED_SECRETS.signingKey };
    const site = { ...made, secrets, environment: { ...made.environment, name: 'local' } };
    const catalog = await openCatalog(
      site,
      { id: 'secondary', settings, layout: keys, store: async () => store },
      'writer',
    );
    const captures = [
      postgresCapture('2026-11-23T01:00:00Z', { lineage: 'local-1', set: '20261123-010000F' }),
      resticCapture('redis', '2026-11-23T01:00:00Z'),
    ];
    await catalog.write(pointBody('2026-11-23T01:00:00Z', captures, { environment: 'local', repository: 'secondary' }));
    const ca = await readFile(region.ca, 'utf8');
    const { endpoint } = region;
    const config = {
      ...RECOVERY,
      storage: {
        kind: 's3-compatible',
        repositories: { primary: { endpoint: 'https://s3-primary.test' }, secondary: { endpoint, bucket, ca } },
      },
      s3Credentials: {
        ...(TEST_SECRETS.local?.s3Credentials as object),
        secondary: { writer: await region.keys('writer'), restorer: await region.keys('restorer') },
      },
    };
    const first = await record('local', config);
    expect(first.outputs.recoveredFrom).toMatchObject({
      from: 'latest',
      repository: 'secondary',
      postgres: { lineage: 'local-1', set: '20261123-010000F', end: { kind: 'end-of-wal', timeline: 1 } },
      redis: { point: '20261123T010000Z-full-0000' },
    });
    await region.kill();
    const pinned = await record('local', config, upBefore(first.outputs.recoveredFrom));
    expect(pinned.outputs.recoveredFrom).toEqual(first.outputs.recoveredFrom);
    await expect(
      record('local', { ...config, generation: 1 }, upBefore(first.outputs.recoveredFrom, 1)),
    ).rejects.toThrow('DR-CONFIG generation: 1, and the point is of local-1');
  } finally {
    await region.destroy();
    await remove();
  }
});
