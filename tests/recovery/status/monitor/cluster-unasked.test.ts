/** The monitor's pod without a token: a metric says so, and so does a health check in that pod. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import type { Site } from '../../../../recovery/config/site.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { checkCluster } from '../../../../recovery/status/health/services.ts';
import { observeAnswers } from '../../../../recovery/status/monitor/observe-answers.ts';
import { readPlatform } from '../../../../recovery/status/probes/cluster.ts';

/** In a pod, but nothing is mounted where Kubernetes would mount the token. */
function inPod(): Site {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '9');
  onTestFinished(() => void vi.unstubAllEnvs());
  const kubernetes = { inCluster: true, namespaces: ['go-coffee'] };
  return { environment: { kubernetes }, plan: productionPlan, log: silentLog } as unknown as Site;
}

test('the cluster counts as one that does not answer', async () => {
  expect(await observeAnswers(inPod(), undefined)).toEqual({ kubernetes: false });
});

test('a health check says what is missing', async () => {
  expect(checkCluster(await readPlatform(inPod()))).toEqual([
    {
      id: 'kubernetes',
      title: 'The cluster answers',
      ok: false,
      fact: expect.stringMatching(/the credentials can't be read: .*serviceaccount/),
    },
  ]);
});
