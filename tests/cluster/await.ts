/** Pure: when an object counts as ready, as the engine of Pulumi waits for it. */
import type {
  V1CustomResourceDefinition,
  V1Deployment,
  V1Job,
  V1PersistentVolumeClaim,
  V1StatefulSet,
} from '@kubernetes/client-node';
import type { Manifest } from './api.ts';

export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'waiting'; readonly why: string }
  /** It will never be. */
  | { readonly state: 'failed'; readonly why: string };

const READY: Readiness = { state: 'ready' };
const waiting = (why: string): Readiness => ({ state: 'waiting', why });

/** Both count their pods alike. */
function pods(wanted: number, observed: boolean, counts: readonly (number | undefined)[]): Readiness {
  const ready = Math.min(...counts.map((count) => count ?? 0));
  return observed && ready >= wanted ? READY : waiting(`${ready} of ${wanted} pods are ready`);
}

function jobReadiness({ status }: V1Job): Readiness {
  const holds = (wanted: string) =>
    status?.conditions?.find(({ type, status: is }) => type === wanted && is === 'True');
  if (holds('Complete') !== undefined) return READY;
  const failed = holds('Failed');
  if (failed !== undefined) return { state: 'failed', why: [failed.reason, failed.message].join(': ') };
  return waiting(`${status?.failed ?? 0} pods have failed`);
}

export function readiness(live: Manifest): Readiness {
  switch (live.kind) {
    case 'Deployment': {
      const { metadata, spec, status } = live as unknown as V1Deployment;
      const observed = status?.observedGeneration === metadata?.generation;
      return pods(spec?.replicas ?? 1, observed, [status?.updatedReplicas, status?.availableReplicas]);
    }
    case 'StatefulSet': {
      const { metadata, spec, status } = live as unknown as V1StatefulSet;
      const observed = status?.observedGeneration === metadata?.generation;
      return pods(spec?.replicas ?? 1, observed, [status?.updatedReplicas, status?.readyReplicas]);
    }
    case 'Job':
      return jobReadiness(live as unknown as V1Job);
    case 'PersistentVolumeClaim': {
      const { status } = live as unknown as V1PersistentVolumeClaim;
      return status?.phase === 'Bound' ? READY : waiting(`it is ${status?.phase}`);
    }
    case 'CustomResourceDefinition': {
      const { status } = live as unknown as V1CustomResourceDefinition;
      const served = status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
      return served ? READY : waiting('it is not established');
    }
    default:
      return READY;
  }
}
