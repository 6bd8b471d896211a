/** Scenario 3: the whole data centre is gone, the stacks' state with it; the platform is rebuilt elsewhere from one S3 region and the escrow file. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import type { RebuildOutcome } from '../../../recovery/rebuild/types.ts';
import { shippedConfig } from '../../infra/recording.ts';
import { archived } from '../archive.ts';
import { BAD, flavours, makeBadObjects } from '../bad-objects.ts';
import { brokenCanaries, missingObjects, rowCounts, secretValue } from '../checks.ts';
import { say } from '../cluster.ts';
import { runNow } from '../cron.ts';
import { type EscrowFile, makeEscrowFile, openEscrowFile } from '../escrow.ts';
import { type ClusterFixture, OWN_SECRETS, PLATFORM } from '../fixture.ts';
import { imageNames } from '../images.ts';
import { place } from '../place.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { servicesNotReady } from '../services/deploy.ts';
import { OBJECTS } from '../services/manifests.ts';

const RUN_SECONDS = 600;

export function clusterLost(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('3: the cluster is lost', () => {
    let escrow: EscrowFile;
    let before: Record<string, number>;
    let lostAt: Date;
    let outcome: RebuildOutcome;

    it('after a full copy of a cluster as it is, with an escrow file in a safe', async () => {
      await makeBadObjects(api(), PLATFORM);
      const { succeeded, log } = await runNow(api(), fixture.now.recovery, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
      expect(await archived(fixture.cluster, PLATFORM, fixture.now.lineage)).toContain('secondary');
      before = await rowCounts(api(), PLATFORM);
      escrow = await makeEscrowFile(fixture.folder, fixture.cluster.storage, fixture.now.outputs);
    });

    it('the data centre and the first region are gone', async () => {
      lostAt = new Date();
      await fixture.cluster.replace();
      await fixture.cluster.storage.primary.kill();
      // The state of every stack was there too.
      await rm(fixture.engineFolder, { recursive: true });
      await rm(join(fixture.folder, 'state'), { recursive: true, force: true });
    });

    it('a fresh stack is rebuilt from the second region and the escrow file alone', async () => {
      await fixture.openEngine();
      const { postgres, redis, backups } = await shippedConfig('local');
      const cluster = { kubeconfig: place().kubeconfig, context: 'local' };
      const set = { cluster, images: await imageNames(), postgres, redis, backups };
      const ended = await runRebuild(fixture, {
        request: { ...PLAIN, stack: 'elsewhere', set, detach: ['primary'], keepGoing: true, declaredAt: lostAt },
        material: await openEscrowFile(escrow),
      });
      if (ended.outcome === undefined) throw new Error(ended.lines.join('\n'));
      outcome = ended.outcome;
      expect(outcome.failure?.fact).toBeUndefined();
      // One bad object among hundreds: named, and not called a success.
      expect(outcome.setAside.map(({ object }) => object)).toEqual([`${BAD.kind}/${BAD.name}`]);
      expect(outcome.setAside[0]?.reason).toMatch(/vintage/);
      expect(outcome.exit).toBe(EXIT.partial);
      say(outcome.tiers.map(({ tier, seconds }) => `${tier} ${Math.round(seconds ?? 0)} s`).join(', '));
    });

    it('has the rows, the objects and the secrets of before', async () => {
      expect(await rowCounts(api(), PLATFORM)).toEqual(before);
      expect(await brokenCanaries(api(), PLATFORM)).toBe(0);
      expect(await missingObjects(api(), PLATFORM)).toEqual([]);
      expect(await secretValue(api(), PLATFORM, OBJECTS.auth, 'JWT_SECRET')).toBe(OWN_SECRETS.jwtSecret);
      expect(await servicesNotReady(api(), PLATFORM, 60)).toEqual([]);
    });

    it('hundreds of objects are there; the webhook whose service is gone is excluded, and blocks nothing', async () => {
      const found = await pMap(flavours(PLATFORM), (each) => api().read(each), { concurrency: 8 });
      expect(found.filter((each) => each === undefined)).toEqual([]);
      const name = 'menu-checker';
      const webhook = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' };
      expect(await api().read({ ...webhook, metadata: { name } })).toBeUndefined();
    });
  });
}
