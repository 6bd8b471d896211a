/** What the point of a rebuild says of the platform, read from its repository: an interrupted run has forgotten it. */
import { valueAt } from '../core/json.ts';
import type { ResolvedPoint } from '../points/resolved/resolved-point.ts';
import { readSnapshot } from '../workloads/objects/snapshot/read.ts';
import { type Prepared, pointsRequest } from './prepare.ts';
import type { RebuildPorts, Recorded } from './types.ts';

export function recordedIn(
  prepared: Prepared,
  { repository, objects = [] }: ResolvedPoint,
  ports: Pick<RebuildPorts, 'bundle' | 'readPoints'>,
): Recorded {
  const request = pointsRequest(prepared, ports);
  return {
    points: () => ports.readPoints(request),
    async manifests() {
      // Secrets of AWS stay there: only the stack's own program reads them.
      const passphrase = valueAt(prepared.draft.values, 'secretValues', 'passphrases', repository);
      if (typeof passphrase !== 'string' || objects.length === 0) return undefined;
      return readSnapshot({ ...request, passphrases: { [repository]: passphrase }, objects });
    },
  };
}
