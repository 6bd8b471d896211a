/** A platform with nothing wrong; a test changes what it is about. */
import type { Findings } from '../../../../recovery/status/assess/findings.ts';
import type { RepositoryFinding } from '../../../../recovery/status/probes/repositories.ts';
import type { PostgresFinding } from '../../../../recovery/workloads/postgres/inspect.ts';
import type { FolderFinding } from '../../../../recovery/workloads/workload.ts';

export const postgres: PostgresFinding = {
  server: 'up',
  files: 'well',
  damage: [],
  lostTables: [],
  unknownSuperusers: [],
  facts: [],
};

export const redis: NonNullable<Findings['redis']> = { server: 'up', files: 'well', facts: [] };

export function folder(workload: string, state: FolderFinding['state'] = 'well'): FolderFinding {
  return { workload, path: `/srv/${workload}`, state, facts: [] };
}

export function folders(state: FolderFinding['state'] = 'well'): FolderFinding[] {
  return ['uploads', 'manifests', 'config-and-secrets'].map((workload) => folder(workload, state));
}

export function repository(id: string, rest: Partial<RepositoryFinding> = {}): RepositoryFinding {
  return {
    repository: id,
    reachable: true,
    points: 3,
    newest: { id: '20261123T020000Z-full-7f3a', endedAt: '2026-11-23T02:02:00.000Z' },
    compromised: [],
    tampered: [],
    facts: [],
    ...rest,
  };
}

export function gone(id: string): RepositoryFinding {
  return { repository: id, reachable: false, points: 0, compromised: [], tampered: [], facts: ['no answer'] };
}

export const cluster: NonNullable<Findings['cluster']> = {
  server: 'up',
  namespaces: [{ name: 'shop', state: 'there' }],
  facts: ['context test'],
};

export const lostNamespace = { ...cluster, namespaces: [{ name: 'shop', state: 'missing' }] } as const;

export function findings(rest: Partial<Findings> = {}): Findings {
  return { postgres, redis, folders: folders(), services: [], repositories: [repository('local')], ...rest };
}
