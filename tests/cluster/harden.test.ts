/** `dr harden` against a real API server: it says what would break, and enforces only where nothing does. */
import { expect, test } from 'vitest';
import { harden, planHardening, undoHardening } from '../../recovery/harden/harden.ts';
import { openClusterAccess } from '../../recovery/kubernetes/location.ts';
import { openPodSecurity } from '../../recovery/kubernetes/pod-security.ts';
import { SERVED } from '../../recovery/kubernetes/served-types.ts';
import { oneServer } from './one-server.ts';

const PREFIX = 'pod-security.kubernetes.io';
const STRICT = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'web',
      image: 'registry.test/web:1',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

const own = oneServer('harden', async (server) => {
  const namespace = (name: string, labels = {}) =>
    server.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  const pod = (name: string, where: string, spec: object) =>
    server.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: where }, spec });
  await namespace('clean');
  await pod('web', 'clean', STRICT);
  await namespace('loose', { [`${PREFIX}/enforce`]: 'baseline' });
  await pod('web-1', 'loose', { containers: [{ name: 'web', image: 'registry.test/web:1' }] });
  await pod('web-2', 'loose', { containers: [{ name: 'web', image: 'registry.test/web:1' }] });
});

async function labelsOf(name: string) {
  await using cluster = await own.server.connect();
  const found = await cluster.get(SERVED.namespace, name);
  return Object.fromEntries(Object.entries(found?.metadata.labels ?? {}).filter(([key]) => key.startsWith(PREFIX)));
}

const open = async () =>
  openPodSecurity(await openClusterAccess({ context: 'admin', kubeconfig: { path: own.server.kubeconfig } }));

test('what breaks is named before anything changes; it is only warned of, and the rest is enforced', async () => {
  const cluster = await open();
  const offers = await planHardening(cluster, ['clean', 'loose']);
  expect(offers).toEqual([
    { namespace: 'clean', level: undefined, breaks: [], unclear: undefined, offer: 'enforce' },
    {
      namespace: 'loose',
      level: 'baseline',
      breaks: [expect.stringMatching(/^web-1 \(and 1 other pod\): allowPrivilegeEscalation != false.*runAsNonRoot/)],
      unclear: undefined,
      offer: 'warn',
    },
  ]);
  expect(await labelsOf('clean')).toEqual({});
  await harden(cluster, offers);
  const all = {
    [`${PREFIX}/enforce`]: 'restricted',
    [`${PREFIX}/audit`]: 'restricted',
    [`${PREFIX}/warn`]: 'restricted',
  };
  expect(await labelsOf('clean')).toEqual(all);
  expect(await labelsOf('loose')).toEqual({ ...all, [`${PREFIX}/enforce`]: 'baseline' });
  expect((await planHardening(cluster, ['clean']))[0]?.offer).toBe('strict');
});

test('done twice and undone once, it is as it was before the first time', async () => {
  const cluster = await open();
  await harden(cluster, await planHardening(cluster, ['loose']));
  expect(await undoHardening(cluster, ['clean', 'loose'])).toEqual([
    { namespace: 'clean', levels: {} },
    { namespace: 'loose', levels: { enforce: 'baseline' } },
  ]);
  expect(await labelsOf('clean')).toEqual({});
  expect(await labelsOf('loose')).toEqual({ [`${PREFIX}/enforce`]: 'baseline' });
  expect(await undoHardening(cluster, ['loose'])).toEqual([{ namespace: 'loose', levels: undefined }]);
});

test('a namespace that is not there', async () => {
  await expect(planHardening(await open(), ['tea'])).rejects.toMatchObject({ code: 'NAMESPACE-MISSING', exit: 6 });
});
