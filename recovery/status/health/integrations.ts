/** Third parties that the platform needs: tried where dr.yaml says how. Without a probe that is said, with what people do by hand. */
import type { Site } from '../../config/site.ts';
import { DrError, messageOf } from '../../core/errors.ts';
import type { HealthCheck } from '../../workloads/workload.ts';

const ANSWER_SECONDS = 15;

async function askUrl(url: string, signal: AbortSignal | undefined): Promise<Pick<HealthCheck, 'ok' | 'fact'>> {
  const limit = AbortSignal.timeout(ANSWER_SECONDS * 1000);
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    await answer.body?.cancel();
    return { ok: answer.status < 400, fact: `HTTP ${answer.status}` };
  } catch (error) {
    if (signal?.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
    return { ok: false, fact: limit.aborted ? `no answer within ${ANSWER_SECONDS} s` : cause };
  }
}

async function askCommand(site: Site, argv: readonly [string, ...string[]]): Promise<Pick<HealthCheck, 'ok' | 'fact'>> {
  try {
    const { exitCode, stdout, stderr } = await site.run(argv, {
      accept: 'any',
      cwd: '/',
      timeoutSeconds: ANSWER_SECONDS,
      keep: 'ends',
    });
    const said = (stdout.trim() || stderr.trim()).split('\n').at(-1)?.slice(0, 300) ?? '';
    return { ok: exitCode === 0, fact: said || `exit ${exitCode}` };
  } catch (error) {
    if (site.signal?.aborted || !(error instanceof DrError)) throw error;
    return { ok: false, fact: error.fact };
  }
}

export async function checkIntegrations(site: Site): Promise<HealthCheck[]> {
  return Promise.all(
    site.plan.integrations.map(async ({ id, title, owner, contact, byHand }): Promise<HealthCheck> => {
      const check = { id: `integration/${id}`, title };
      const probe = site.environment.integrations[id];
      const people = `${owner}, ${contact}; by hand: ${byHand}`;
      if (probe === undefined)
        return { ...check, ok: undefined, fact: `not tried: dr.yaml has no integrations.${id} (${people})` };
      const { ok, fact } =
        'url' in probe ? await askUrl(probe.url, site.signal) : await askCommand(site, probe.command);
      return { ...check, ok, fact: ok ? fact : `${fact} (${people})` };
    }),
  );
}
