/** Fixture: a stack that leads, with its volumes and its data, and the point that it goes back to. */
import type { InPlacePorts, InPlaceRequest } from '../../../recovery/in-place/types.ts';
import type { KeptVolumes, VolumeState } from '../../../recovery/kubernetes/volumes/kept.ts';
import type { ResolvedPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { parseLsn } from '../../../recovery/points/wal-segment.ts';
import { ENTRIES, type Held, heldCluster, PIN, wellHeld } from '../../drill/cluster/drill-fixture.ts';
import type { FakeSite } from '../failover/fake-site.ts';
import type { FakeStack, TwoSites } from '../failover/two-sites.ts';
import { makeTwoSites } from '../failover/two-sites.ts';

export const REQUEST: InPlaceRequest = {
  stack: 'production',
  target: 'latest',
  stores: ['postgres', 'redis'],
  keepGoing: false,
};

interface Volume {
  policy: string;
  labels: Record<string, string>;
}

export interface InPlace {
  readonly sites: TwoSites;
  readonly site: FakeSite;
  readonly stack: FakeStack;
  readonly ports: { -readonly [K in keyof InPlacePorts]: InPlacePorts[K] };
  readonly held: Held;
  /** By name. */
  readonly volumes: Map<string, Volume>;
  /** Claim → volume. */
  readonly bound: Map<string, string>;
  pin: ResolvedPoint;
  /** Of each `keep`; throws, as a kill or a refusal would. */
  onKeep: (name: string) => void;
}

export async function makeInPlace(folder: string): Promise<InPlace> {
  const sites = await makeTwoSites(folder);
  const { old: site, production: stack } = sites;
  const held = wellHeld();
  const bound = new Map(site.claimNames.map((claim) => [claim, `pv-${claim}-1`]));
  const volumes = new Map(
    [...bound.values()].map((name): [string, Volume] => [name, { policy: 'Delete', labels: {} }]),
  );
  const kept: KeptVolumes = {
    async [Symbol.asyncDispose]() {},
    claims: async () => site.claimNames.map((claim) => ({ claim, volume: bound.get(claim) })),
    async read(name): Promise<VolumeState | undefined> {
      const found = volumes.get(name);
      return found && { name, phase: 'Bound', ...found };
    },
    async keep(name, labels) {
      made.onKeep(name);
      site.done.push(`keep ${name}`);
      volumes.set(name, { policy: 'Retain', labels: { ...labels } });
    },
  };
  site.onShip = async (lsn) => {
    const segment = (parseLsn(lsn) - 1n) >> 24n;
    await sites.archive('us-east-1-1', `0000000100000000${segment.toString(16).toUpperCase().padStart(8, '0')}`);
  };
  stack.values.generation = { value: 1 };
  stack.removeConfig = async (keys?: readonly string[]) => {
    for (const key of keys ?? []) delete stack.values[key];
  };
  stack.onUp = async () => {
    const { generation } = stack.values;
    for (const claim of ['data-postgres-0', 'data-redis-0']) {
      if (site.claimNames.includes(claim)) continue;
      site.claimNames = [...site.claimNames, claim];
      bound.set(claim, `pv-${claim}-${generation?.value}`);
    }
    for (const name of ['postgres', 'redis'])
      site.replicas.set(name, { kind: 'StatefulSet', replicas: 1, before: site.replicas.get(name)?.before ?? 1 });
    Object.assign(site.database, { lineage: `us-east-1-${generation?.value}`, readOnly: false, timeline: 2 });
  };
  const made: InPlace = {
    sites,
    site,
    stack,
    held,
    volumes,
    bound,
    pin: { ...PIN, postgres: { ...PIN.postgres, lineage: 'us-east-1-1' } },
    onKeep: () => {},
    ports: {
      ...sites.ports,
      timeoutFactor: 0.01,
      openVolumes: async () => kept,
      openData: async () => heldCluster(held),
      resolve: async () => ({ pin: made.pin, notes: [], generations: [1] }),
      readPoints: async () => ENTRIES,
    },
  };
  return made;
}
