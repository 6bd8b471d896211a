/**
 * The results of the drills in this cluster. A drill's pod reaches nothing of the site, not even its volumes: what it has measured is the
 * termination message of its container, and stays readable as long as Kubernetes keeps the Job.
 */
import { readFile } from 'node:fs/promises';
import type { Site } from '../../config/site.ts';
import { hasCode } from '../../core/errors.ts';
import { drillsFolder, parseMeasurements, readMeasurements, recordMeasurements } from '../../report/measurements.ts';
import { readDrillResults } from '../probes/cluster.ts';

/** Kubernetes mounts it beside the token. */
const OWN_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

async function ownNamespace({ environment }: Site): Promise<string | undefined> {
  if (environment.kubernetes?.inCluster !== true) return undefined;
  try {
    return (await readFile(OWN_NAMESPACE, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Keeps what is new in `<stateDir>/drills`. False where the API does not let this account read the pods.
 * @param namespace of the drills @default the one that this pod runs in; outside of a cluster there is none
 */
export async function collectDrills(site: Site, namespace?: string): Promise<boolean> {
  const where = namespace ?? (await ownNamespace(site));
  if (where === undefined) return true;
  const found = await readDrillResults(site, where);
  if (found?.kind !== 'read') return found === undefined;
  const folder = drillsFolder(site.environment.stateDir);
  const key = (measurement: unknown): string => JSON.stringify(measurement);
  const known = new Set((await readMeasurements(folder)).map(key));
  const measured = found.messages.flatMap(parseMeasurements).filter((each) => !known.has(key(each)));
  await recordMeasurements(folder, measured);
  return true;
}
