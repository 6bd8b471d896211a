/** Which section of `dr.yaml` says where a workload's data is. Pure. */
import type { Workload } from './types.ts';

export type DataSource = 'postgres' | 'redis' | 'git' | 'folders';

/** Workloads of `folders` are named there by their id; the objects of a cluster can come from its API instead. */
export function dataSourceOf({ type }: Pick<Workload, 'type'>): DataSource {
  switch (type) {
    case 'postgres':
    case 'postgres-dump':
    case 'postgres-config':
    case 'postgres-wal':
      return 'postgres';
    case 'redis':
    case 'git':
      return type;
    default:
      return 'folders';
  }
}
