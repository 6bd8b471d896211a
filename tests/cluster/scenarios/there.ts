/**
 * A platform that is there, of another team's making: a stack is put beside it and takes nothing away; its two namespaces are captured, lost,
 * and rebuilt as they were.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { RebuildOutcome } from '../../../recovery/rebuild/types.ts';
import type { Manifest } from '../api.ts';
import { applyWhenKnown, untilGone, untilReady } from '../apply.ts';
import { say } from '../cluster.ts';
import { runNow } from '../cron.ts';
import { sql } from '../database.ts';
import type { ClusterFixture } from '../fixture.ts';
import { imageNames } from '../images.ts';
import { poll } from '../poll.ts';
import { PLAIN, runRebuild } from '../rebuild.ts';
import { addressOf, shopRedis, shopRows } from '../shop.ts';
import { stackBeside } from '../stacks.ts';
import { podLogs, podsOf } from '../trouble.ts';
import { adoption } from './adoption.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/shop/platform.yaml');
const EXISTING = ['shop', 'shop-data'];
const STORES = 'shop-dr-stores';
const VOLUMES = { media: { claim: 'files-media-0', namespace: 'shop', pods: { app: 'media' } } };
const RECOVERY = 'shop-dr';
const READY = { seconds: 180, say };
const RUN_SECONDS = 600;

async function platformManifests(): Promise<Manifest[]> {
  const images = await imageNames();
  const text = (await readFile(FIXTURE, 'utf8'))
    .replaceAll(/image: TOOLBOX\b/g, `image: ${images.toolbox}`)
    .replaceAll(/image: POSTGRES\b/g, `image: ${images.postgres}`)
    .replaceAll(/image: REDIS\b/g, `image: ${images.redis}`);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** What of an object is its team's: the server adds the rest. Finalizers are their controllers', which set them again. */
function wanted({ apiVersion, kind, metadata: given, ...content }: Manifest): object {
  const { finalizers: _, ...metadata } = given as Manifest['metadata'] & { finalizers?: unknown };
  const { stringData, ...fields } = content as { stringData?: Record<string, string> };
  const data = Object.entries(stringData ?? {}).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return { apiVersion, kind, metadata, ...fields, ...(data.length === 0 ? {} : { data: Object.fromEntries(data) }) };
}

const isOfStore = ({ kind, metadata: { name } }: Manifest): boolean =>
  kind === 'Service' && ['postgres', 'redis'].includes(name);

const runs = ({ kind }: Manifest): boolean => ['Deployment', 'StatefulSet'].includes(kind);

export function there(fixture: ClusterFixture): void {
  const api = () => fixture.cluster.api;

  describe('a platform that is there', () => {
    let manifests: readonly Manifest[];
    let outcome: RebuildOutcome;
    let adopted = false;
    let files: string;

    const table = () => manifests.find(({ kind }) => kind === 'Table') as Manifest;
    const namespaces = () => manifests.filter(({ kind }) => kind === 'Namespace');

    /** Everything that runs is ready, and every object is as its team wrote it. */
    async function isWhole(): Promise<void> {
      for (const manifest of manifests.filter(runs)) await untilReady(api(), manifest, READY);
      // The client's model of a definition lacks fields of its schema.
      const compared = manifests.filter(
        (object) => object.kind !== 'CustomResourceDefinition' && !(adopted && isOfStore(object)),
      );
      for (const manifest of compared) expect(await api().read(manifest)).toMatchObject(wanted(manifest));
    }

    /** Of the files on the volume of `media`, as its pod has said at its start. */
    async function photo(): Promise<string> {
      const metadata = { name: 'media', namespace: 'shop' };
      const said = async () => {
        const [pod] = await podsOf(api(), { metadata });
        return pod === undefined ? '' : podLogs(api(), pod, 5);
      };
      const text = await poll(READY.seconds, said, (log) => /[0-9a-f]{64} /.test(log));
      return /[0-9a-f]{64} /.exec(text)?.[0] ?? text;
    }

    /** Policies, quotas and pods in its namespaces that it did not have. */
    async function foreign(): Promise<string[]> {
      const { core } = api();
      const quotas = await Promise.all(EXISTING.map((namespace) => core.listNamespacedResourceQuota({ namespace })));
      const maps = await Promise.all(EXISTING.map((namespace) => core.listNamespacedConfigMap({ namespace })));
      const found = [...quotas, ...maps].flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? ''));
      return found.filter(
        (name) => !['shop', 'menu', 'kube-root-ca.crt'].includes(name) && !name.includes('-volumes-'),
      );
    }

    it('runs first', async () => {
      manifests = await platformManifests();
      for (const manifest of manifests) await applyWhenKnown(api(), manifest);
      await isWhole();
    });

    it('a stack comes up beside it, and leaves it as it is', async () => {
      const outputs = await fixture.bringUp(await stackBeside(fixture.cluster.storage, EXISTING, RECOVERY, VOLUMES));
      expect(outputs).toMatchObject({ namespaces: { platform: STORES, recovery: RECOVERY, existing: EXISTING } });
      await isWhole();
      expect(await foreign()).toEqual([]);
    });

    it('our Services have our pods alone, although its pods bear the same name', async () => {
      const slices = await Promise.all(
        ['postgres', 'redis'].map((name) => api().core.readNamespacedEndpoints({ name, namespace: STORES })),
      );
      const pods = slices.flatMap(({ subsets }) => subsets?.flatMap(({ addresses }) => addresses ?? []) ?? []);
      expect(new Set(pods.map(({ targetRef }) => targetRef?.namespace))).toEqual(new Set([STORES]));
    });

    adoption(fixture, RECOVERY);

    it('both namespaces are captured', async () => {
      adopted = true;
      await isWhole();
      await sql(api(), STORES, 'CREATE TABLE beside AS SELECT generate_series(1, 500) AS n');
      const { succeeded, log } = await runNow(api(), RECOVERY, 'dr-daily', RUN_SECONDS);
      expect(succeeded, log).toBe(true);
    });

    it('the volume of a set is copied by a pod beside its own', async () => {
      files = await photo();
      const { succeeded, log } = await runNow(api(), 'shop', `${RECOVERY}-media-daily`, RUN_SECONDS);
      expect(succeeded, log).toBe(true);
    });

    it('it is lost', async () => {
      for (const namespace of namespaces()) await api().remove(namespace);
      // Its own controller would have cleared it.
      await api().apply({ ...table(), metadata: { ...table().metadata, finalizers: [] } } as Manifest);
      for (const namespace of namespaces()) await untilGone(api(), namespace, READY);
    });

    it('a rebuild brings all of it back', async () => {
      const ended = await runRebuild(fixture, {
        request: {
          ...PLAIN,
          stack: 'shop-again',
          like: RECOVERY,
          set: { namespaces: { stores: 'shop-again-stores', recovery: 'shop-again' } },
          declaredAt: new Date(),
        },
      });
      if (ended.outcome === undefined) throw new Error(ended.lines.join('\n'));
      outcome = ended.outcome;
      expect(outcome.failure?.fact).toBeUndefined();
      expect(outcome).toMatchObject({ exit: 0, setAside: [] });
      expect(outcome.checks.filter(({ ok }) => !ok)).toEqual([]);
      await isWhole();
      expect(await foreign()).toEqual([]);
      expect(await photo()).toBe(files);
      expect(await sql(api(), 'shop-again-stores', 'SELECT count(*)::int AS n FROM beside')).toEqual([{ n: 500 }]);
    });

    it('its services find its data under the names that they know', async () => {
      const { spec } = await api().core.readNamespacedService({ name: 'postgres', namespace: 'shop-again-stores' });
      expect(await addressOf(api(), 'postgres')).toBe(spec?.clusterIP);
      const [row] = await shopRows(
        api(),
        "SELECT (SELECT count(*)::int FROM written) AS written, (SELECT count(*)::int FROM logins WHERE at > now() - interval '10 seconds') AS logins",
      );
      expect(row?.written).toBeGreaterThan(50);
      expect(row?.logins).toBeGreaterThan(0);
      const redis = await shopRedis(api());
      expect(await redis.get('cart')).toBe('a cortado');
      redis.disconnect();
    });
  });
}
