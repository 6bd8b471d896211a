/** The key `volumes`: what it means, and each way to get it wrong. */
import { describe, expect, test } from 'vitest';
import { ACCOUNT } from '../../../infra/cluster/pod-security.ts';
import { previewFindings } from '../../../infra/config/findings.ts';
import { complaints, configOf } from './stack-config.ts';

const BESIDE = { namespaces: { platform: { existing: ['shop', 'shop-data'] }, recovery: 'shop-dr' } };
const MEDIA = { claim: 'media', namespace: 'shop', pods: { app: 'media' } };
const volumes = (given: Readonly<Record<string, object>>, more: object = BESIDE) => ({
  config: { ...more, volumes: given },
});

test('a volume is a workload of the plan: copied with the folders, to every repository that is not a volume itself', async () => {
  const { plan, platformVolumes, claims } = await configOf(
    'local',
    volumes({ media: MEDIA, uploads: { ...MEDIA, claim: 'uploads', access: 'ReadWriteMany', pods: undefined } }),
  );
  expect(platformVolumes[0]).toEqual({
    ...{ id: 'media', namespace: 'shop', claim: 'media', pods: { app: 'media' } },
    ...{ user: ACCOUNT, group: ACCOUNT, tier: 'P2' },
  });
  expect(platformVolumes[1]?.pods).toBeUndefined();
  expect(claims).toEqual({ 'shop/media': 'media', 'shop/uploads': 'uploads' });
  const media = plan.workloads.find(({ id }) => id === 'media');
  expect(media).toMatchObject({ type: 'files', title: 'Volume shop/media', dataClass: 'application-data', tier: 'P2' });
  expect(media?.repositories).toEqual(['primary', 'secondary', 'offsite']);
  // One that the plan has keeps its title and its tier.
  expect(plan.workloads.filter(({ id }) => id === 'uploads')).toMatchObject([
    { title: 'File uploads', repositories: ['primary', 'secondary', 'offsite'] },
  ]);
  const with_ = plan.schedules.filter(({ workloads }) => workloads.includes('media')).map(({ id }) => id);
  expect(with_).toEqual(['daily', 'hourly']);
  const findings = previewFindings(await configOf('local', volumes({ uploads: { ...MEDIA, claim: 'uploads' } })));
  expect(findings.filter((line) => line.includes('workload uploads'))).toEqual([]);
  expect(findings.filter((line) => line.includes('workload static-assets'))).toHaveLength(1);
});

test('where the platform has one namespace, it is that one', async () => {
  const { platformVolumes } = await configOf(
    'local',
    volumes({ media: { claim: 'media', pods: { app: 'media' } } }, {}),
  );
  expect(platformVolumes[0]?.namespace).toBe('go-coffee');
});

test('a drill copies none, and a namespace of another name in a recovery is found by its map', async () => {
  const recovery = { from: 'latest', repository: 'secondary', isolated: true };
  const role = { role: 'recovery', generation: 2, secrets: { from: 'config' } };
  const { STORED_SECRETS: secretValues } = await import('../recording.ts');
  const drill = await configOf('local', volumes({ media: MEDIA }, { ...BESIDE, ...role, recovery, secretValues }));
  expect(drill.platformVolumes).toEqual([]);
  expect(drill.plan.workloads.map(({ id }) => id)).not.toContain('media');
  const map = { namespace: { shop: 'shop-new' } };
  const namespaces = { platform: { existing: ['shop-new', 'shop-data'] }, recovery: 'shop-dr' };
  const again = { namespaces, ...role, recovery: { ...recovery, isolated: false, map }, secretValues };
  expect((await configOf('local', volumes({ media: MEDIA }, again))).platformVolumes[0]?.namespace).toBe('shop-new');
  const alone = {
    namespaces: { platform: 'elsewhere' },
    ...role,
    recovery: { from: 'latest', repository: 'secondary' },
  };
  const moved = await configOf('local', volumes({ media: MEDIA }, { ...alone, secretValues }));
  expect(moved.platformVolumes[0]?.namespace).toBe('elsewhere');
});

describe('refused, each with what to write', () => {
  const { pods: _, ...anywhere } = MEDIA;
  const { namespace: __, ...nowhere } = MEDIA;
  test.each([
    ['an unknown field', { media: { ...MEDIA, clam: 'x' } }, /volumes\.media\.clam.*unknown key "clam"/],
    ['a name that is none', { Media_1: MEDIA }, /volumes\.Media_1.*"Media_1" is not a name/],
    [
      'a claim that is none',
      { media: { ...MEDIA, claim: 'Media_1' } },
      /volumes\.media\.claim.*is not the name of a claim/,
    ],
    [
      'another namespace',
      { media: { ...MEDIA, namespace: 'shpo' } },
      /"shpo" is not a namespace of the platform\.\nhint: write one of: shop, shop-data;/,
    ],
    ['no namespace', { media: nowhere }, /volumes\.media\.namespace.*is missing, and the platform has 2 namespaces/],
    [
      'one claim twice',
      { media: MEDIA, again: MEDIA },
      /volumes\.again\.claim.*shop\/media is the claim of volumes\.media too/,
    ],
    ['no node', { media: anywhere }, /volumes\.media\.pods.*is missing: a ReadWriteOnce volume is on the node/],
    [
      'a node and any',
      { media: { ...MEDIA, access: 'ReadWriteMany' } },
      /volumes\.media\.pods.*remove one of the two/s,
    ],
    [
      'a snapshot',
      { media: { ...MEDIA, method: 'snapshot' } },
      /volumes\.media\.method.*"snapshot" is no copy elsewhere.*hint: write files/s,
    ],
    ['root', { media: { ...MEDIA, user: 0 } }, /volumes\.media\.user.*is root/],
    ['a workload of another kind', { redis: MEDIA }, /volumes\.redis.*a workload of the plan, of type redis/],
    ['objects', { manifests: MEDIA }, /volumes\.manifests.*the objects of the cluster/],
    ['a long name', { ['m'.repeat(50)]: MEDIA }, /volumes\.m+.*and Kubernetes takes 52/],
    ['a tier that may lose less', { media: { ...MEDIA, tier: 'P1' } }, /volumes.*media.*P1/],
  ])('%s', async (_, given, said) => {
    expect(await complaints('local', volumes(given))).toMatch(said);
  });

  test('a folder of the same workload', async () => {
    const more = { ...BESIDE, folders: { uploads: 'uploads' } };
    const said = await complaints('local', volumes({ uploads: { ...MEDIA, claim: 'uploads' } }, more));
    expect(said).toMatch(/volumes\.uploads.*folders\.uploads names a claim/);
  });
});
