/** The first `up` of a recovery: its target is resolved in the repository itself, and never again after it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layout, STANZA } from '../../../plan/layout.ts';
import { openCatalog } from '../../../recovery/points/catalog/catalog.ts';
import { unpackSnapshot } from '../../../recovery/public.ts';
import { openS3Store } from '../../../recovery/storage/s3/store.ts';
import { makeSite } from '../../recovery/config/site-fixture.ts';
import { pointBody, postgresCapture, resticCapture } from '../../recovery/points/point-fixture.ts';
import { served } from '../../recovery/workloads/objects/make-object.ts';
import { startRepository, writeObjects } from '../../recovery/workloads/objects/snapshot/repository.ts';
import { makeScratch } from '../../scratch.ts';
import { find } from '../objects.ts';
import { record, STORED_SECRETS, TEST_SECRETS } from '../recording.ts';

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
  const { secondary: passphrase } = STORED_SECRETS.passphrases;
  const facts = { environment: 'local', id: 'secondary', bucket, region: 'eu-west-1', passphrase };
  const { region, store: storeFolder } = await startRepository(folder, facts);
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
    const path = join(folder, 'config-and-secrets');
    const data = { password: Buffer.from('a-password-of-the-platform').toString('base64') };
    const secret = served('v1', 'Secret', 'payments', { metadata: { namespace: 'shop' }, type: 'Opaque', data });
    await writeObjects(path, 'configuration', [secret]);
    const objects = { path, snapshot: await storeFolder(path), facts: { objects: 1 } };
    const captures = [
      resticCapture('config-and-secrets', '2026-11-23T01:00:00Z', objects),
      postgresCapture('2026-11-23T01:00:00Z', { lineage: 'local-1', set: '20261123-010000F' }),
      resticCapture('redis', '2026-11-23T01:00:00Z'),
    ];
    await catalog.write(pointBody('2026-11-23T01:00:00Z', captures, { environment: 'local', repository: 'secondary' }));
    const ca = await readFile(region.ca, 'utf8');
    const { endpoint } = region;
    const config = {
      ...RECOVERY,
      // Of the point.
      postgres: { major: 15, instances: 2, spread: 'preferred' },
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
      objects: [{ workload: 'config-and-secrets', part: 'configuration', snapshot: objects.snapshot }],
    });
    const kept = await unpackSnapshot(String(first.outputs.recoveredObjects));
    expect(kept?.objects.map(({ object }) => object)).toMatchObject([{ kind: 'Secret', data }]);
    expect(first.secretOutputs).toContain('recoveredObjects');
    expect(find(first, 'Secret', 'payments')?.manifest).toMatchObject({ metadata: { namespace: 'go-coffee' } });

    const wrong = { ...STORED_SECRETS, passphrases: { ...STORED_SECRETS.passphrases, secondary: 'another-one' } };
    await expect(record('local', { ...config, secretValues: wrong })).rejects.toThrow(
      /^DR-PASSPHRASE-WRONG [\s\S]*secretValues\.passphrases\.secondary[\s\S]*could not be read from secondary; nothing was changed$/,
    );

    const follows = {
      ...config,
      role: 'standby',
      generation: 1,
      recovery: undefined,
      standby: { of: { site: 'other', generation: 1 }, repository: 'secondary', services: true },
    };
    const standby = await record('local', follows);
    expect(standby.outputs.recoveredObjects).toBe(first.outputs.recoveredObjects);
    expect(standby.outputs).not.toHaveProperty('recoveredFrom');
    expect(find(standby, 'Secret', 'payments')?.manifest).toMatchObject({ metadata: { namespace: 'go-coffee' } });

    await region.kill();
    const { recoveredFrom, recoveredObjects } = first.outputs;
    const before = { previous: { ...upBefore(recoveredFrom).previous, recoveredObjects } };
    const pinned = await record('local', config, before);
    expect(pinned.outputs).toMatchObject({ recoveredFrom, recoveredObjects });
    expect(find(pinned, 'Secret', 'payments')).toBeDefined();
    await expect(
      record('local', { ...config, generation: 1 }, upBefore(first.outputs.recoveredFrom, 1)),
    ).rejects.toThrow('DR-CONFIG generation: 1, and the point is of local-1');
  } finally {
    await region.destroy();
    await remove();
  }
});
