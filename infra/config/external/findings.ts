/** What a stack's external stores leave unprotected. Pure. */
import { externalCopies } from '../../../plan/declared/external.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import type { StackConfig } from '../types.ts';
import { STORES } from './schema.ts';

/** In role recovery: stores whose data nothing is restored into. */
function keptStores({ external, role }: Pick<StackConfig, 'external' | 'role'>): string[] {
  if (role !== 'recovery') return [];
  return STORES.filter((store) => external[store]?.onRecovery === 'keep').map(
    (store) =>
      `external.${store} keeps what it holds, and nothing is restored into it; onRecovery: restore fills an empty server`,
  );
}

/** What an external store can't keep, with its number. */
export function externalFindings(config: Pick<StackConfig, 'plan' | 'external' | 'role'>): string[] {
  return [...keptStores(config), ...unmetByDumps(config)];
}

function unmetByDumps({ plan, external }: Pick<StackConfig, 'plan' | 'external'>): string[] {
  if (external.postgres === undefined) return [];
  const { dumps, wal } = externalCopies(external.postgres);
  const dump = plan.workloads.find(({ type }) => type === (wal ? 'postgres-wal' : 'postgres-dump'))?.id;
  const row = worstCaseRpo(plan).find(({ workload }) => workload === dump);
  if (row === undefined || row.met) return [];
  return [
    `external.postgres: ${wal ? 'received WAL' : `${dumps} dumps`} can't keep the RPO of ${row.tier}: ${row.arithmetic}; a PostgreSQL of the stack keeps it`,
  ];
}
