/**
 * Everything is lost except a partner's S3 endpoint. A killed export leaves no copy and resumes; with the escrow file the finished
 * copy is all that a recovery needs.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { startS3Region } from '../../drill/s3/region.ts';
import { compareFolders, folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import { dr, drEnds, editEnvironment, startDr } from './golden.ts';
import { withGoldenS3 } from './golden-s3.ts';
import { makePassphrase, withOffsite } from './offsite-site.ts';

test('an export is killed, resumed, and restored with the escrow file alone', { timeout: 500_000 }, async () => {
  await withGoldenS3(async (golden) => {
    const { full } = golden.facts.points;
    const partner = await startS3Region({
      folder: join(golden.folder, 'partner'),
      name: 'offsite',
      region: 'partner-1',
      bucket: 'partner',
      environment: 'drill',
      lockDays: 1,
      runAs: process.getuid?.() === 0 ? 'postgres' : undefined,
    });
    try {
      const offsite = partner.settings([await makePassphrase(golden.keys)]);
      const site = await golden.s3Site('second', ['postgres', 'redis', 'uploads']);
      const { envFile } = site;
      await editEnvironment(envFile, withOffsite(offsite));

      const running = startDr(envFile, ['offsite', 'export']);
      const client = partner.client(await partner.keys('restorer'));
      const objects = async (): Promise<string[]> => {
        const { Contents = [] } = await client.send(
          new ListObjectsV2Command({ Bucket: 'partner', Prefix: 'drill/copies/' }),
        );
        return Contents.flatMap(({ Key }) => Key ?? []);
      };
      await waitFor('the export to begin', async () => (await objects()).length > 5 || !running.alive(), 60);
      running.kill9();
      expect((await running.done).exitCode).toBeUndefined();
      const half = await objects();
      expect(half.length).toBeGreaterThan(5);
      const list = async () =>
        JSON.parse((await drEnds(0, envFile, ['offsite', 'list', '-o', 'json'])).stdout) as {
          copies: { point: string; state: string }[];
        };
      expect((await list()).copies).toMatchObject([{ point: full, state: 'interrupted' }]);
      const points = await drEnds(0, envFile, ['points', '--repository', 'offsite', '-o', 'json']);
      expect((JSON.parse(points.stdout) as { points: unknown[] }).points).toEqual([]);
      const early = await dr(envFile, ['restore', '--to', 'latest', '--from', 'offsite']);
      expect(early.exitCode).toBe(2);

      const { stdout } = await drEnds(0, envFile, ['offsite', 'export'], { timeoutSeconds: 200 });
      expect(stdout).toMatch(new RegExp(`^${full} is in offsite now: .* read from secondary and verified$`, 'm'));
      expect((await list()).copies).toMatchObject([{ point: full, state: 'complete' }]);

      // Everything but the partner's endpoint and the escrow file is lost.
      const identity = await generateX25519Identity();
      await writeFile(join(golden.folder, 'identity'), `# a comment\n${identity}\n`, { mode: 0o600 });
      const bundle = join(golden.folder, 'escrow.age');
      const recipient = await identityToRecipient(identity);
      await drEnds(0, envFile, ['keys', 'escrow', '--recipient', recipient, '--out', bundle]);
      await golden.region.kill();
      await rm(golden.keys, { recursive: true });
      for (const name of ['keys', 'ca.pem']) await rm(join(partner.folder, name), { recursive: true });
      await rm(envFile);

      const opened = join(golden.folder, 'opened');
      await mkdir(opened);
      const open = await drEnds(0, '/nonexistent', [
        'keys',
        'open',
        bundle,
        '--identity',
        join(golden.folder, 'identity'),
        '--into',
        opened,
      ]);
      expect(open.stdout).toContain(`unpacked into ${opened}`);
      const newEnv = join(opened, 'dr.yaml');
      const text = await readFile(newEnv, 'utf8');
      expect(text).not.toContain(golden.keys);
      expect(text).not.toContain('passphrase of the drive');
      const found = await drEnds(3, newEnv, ['points', '-o', 'json']);
      expect(found.stdout).toContain(full);
      const args = ['restore', '--to', 'latest', '--from', 'offsite', '--no-backup'];
      const restored = await drEnds(0, newEnv, args, { timeoutSeconds: 200 });
      expect(restored.stdout).toMatch(/^ready: restored to latest from offsite/m);
      const sql = await site.postgres();
      const { rows } = await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM golden_rows');
      await sql.end();
      expect(rows[0]?.n).toBe(golden.facts.rows.beforeFull);
      const uploads = await folderFingerprint(site.paths.folder('uploads'));
      expect(compareFolders(golden.facts.folders.uploads, uploads)).toEqual([]);
      const redis = await site.redis();
      expect((await redisFingerprint(redis)).keys).toBeGreaterThan(0);
      redis.disconnect();
    } finally {
      await partner.kill();
    }
  });
});
