/** The volumes of the generation that ends: kept before their claims go, and read back. */
import { DrError } from '../core/errors.ts';
import type { KeptVolumes } from '../kubernetes/volumes/kept.ts';
import type { ClaimOf, InPlacePlan } from './types.ts';

/** On a kept volume. */
export const KEPT = {
  lineage: 'go-coffee-dr/kept-lineage',
  since: 'go-coffee-dr/kept-since',
  claim: 'go-coffee-dr/kept-claim',
  namespace: 'go-coffee-dr/kept-namespace',
} as const;

/** `20261201T172000Z`: a label's value has no colon. */
const stamp = (iso: string): string => iso.replaceAll(/[-:]|\.\d+/g, '');

async function checkKept(volumes: KeptVolumes, { claim, volume = '' }: ClaimOf, lineage: string): Promise<void> {
  const found = await volumes.read(volume);
  if (found?.policy === 'Retain' && found.labels[KEPT.lineage] === lineage) return;
  const fact =
    found === undefined
      ? `the volume ${volume} of ${claim} does not exist`
      : `the volume ${volume} of ${claim} has the reclaim policy ${found.policy || '(none)'}: with its claim the data would be deleted`;
  throw new DrError({
    code: 'VOLUME-NOT-KEPT',
    where: `persistentvolume ${volume}`,
    fact,
    hint: `no claim was deleted; something changes the volume back: kubectl get persistentvolume ${volume} -o yaml`,
  });
}

/**
 * Sets Retain on each, and reads all of them back before anything else. Gives the claims as they are bound now. Throws `VOLUME-NOT-KEPT` and
 * `KUBERNETES-…`; no claim was deleted then.
 */
export async function keepVolumes(
  volumes: KeptVolumes,
  plan: Pick<InPlacePlan, 'namespaces' | 'claims' | 'lineage' | 'declaredAt'>,
): Promise<ClaimOf[]> {
  const { platform } = plan.namespaces;
  const wanted = plan.claims.map(({ claim }) => claim);
  const bound = (await volumes.claims(platform)).filter(({ claim }) => wanted.includes(claim));
  const kept = bound.map(({ claim, volume }): ClaimOf => (volume === undefined ? { claim } : { claim, volume }));
  const held = kept.filter(({ volume }) => volume !== undefined);
  for (const { claim, volume = '' } of held) {
    await volumes.keep(volume, {
      [KEPT.lineage]: plan.lineage,
      [KEPT.since]: stamp(plan.declaredAt),
      [KEPT.claim]: claim,
      [KEPT.namespace]: platform,
    });
  }
  for (const each of held) await checkKept(volumes, each, plan.lineage);
  return kept;
}

/** The claims that are still bound to a kept volume: one of the same name with another volume is the next generation's. */
export async function claimsToDelete(
  volumes: KeptVolumes,
  { namespaces, lineage }: Pick<InPlacePlan, 'namespaces' | 'lineage'>,
  kept: readonly ClaimOf[],
): Promise<string[]> {
  const found = await volumes.claims(namespaces.platform);
  const still = kept.filter(({ claim, volume }) =>
    found.some((each) => each.claim === claim && each.volume === volume),
  );
  // An interrupted run may be resumed days later.
  for (const each of still) if (each.volume !== undefined) await checkKept(volumes, each, lineage);
  return still.map(({ claim }) => claim);
}
