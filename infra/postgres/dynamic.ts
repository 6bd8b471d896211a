/**
 * Patroni's dynamic configuration: what it keeps in the cluster itself. A bootstrap takes it from patroni.yml once; later changes reach a
 * running cluster by `settings.ts` alone. Pure.
 */
import type { Origin } from '../config/role.ts';
import type { ServerParameters } from '../config/stores/parameters.ts';

export interface DynamicSettings {
  readonly ttl: number;
  readonly loop_wait: number;
  readonly retry_timeout: number;
  readonly maximum_lag_on_failover: number;
  readonly failsafe_mode: boolean;
  readonly postgresql: {
    readonly use_pg_rewind: boolean;
    readonly use_slots: boolean;
    readonly parameters: ServerParameters;
  };
}

/**
 * Patroni ignores these in patroni.yml: all members must have the same. The next leader must still have the WAL that a failed leader had
 * not archived (archive-missing.sh).
 */
const SHARED = {
  wal_level: 'replica',
  hot_standby: 'on',
  wal_log_hints: 'on',
  max_wal_senders: 10,
  wal_keep_size: '512MB',
};

/** Those of the stack; never less than the server has that is taken over, or a standby of it would not start. */
export function parametersOf(parameters: ServerParameters, origin: Origin): ServerParameters {
  const settings: Readonly<Record<string, number>> = origin.kind === 'adopted' ? origin.server.settings : {};
  const least = Object.entries(settings).map(([name, needed]) => {
    const own = Number(parameters[name] ?? SHARED[name as keyof typeof SHARED] ?? 0);
    return [name, Number.isNaN(own) ? needed : Math.max(own, needed)] as const;
  });
  return { ...parameters, ...Object.fromEntries(least) };
}

/** @param parameters of the stack; they win over the defaults here, and the config refuses those that this program needs as they are */
export function dynamicSettings(parameters: ServerParameters = {}): DynamicSettings {
  return {
    ttl: 30,
    loop_wait: 10,
    retry_timeout: 10,
    // 1 MiB: a replica further behind would lose more than a moment of commits.
    maximum_lag_on_failover: 1_048_576,
    // Without the Kubernetes API a leader that reaches all members goes on leading. By default it would stop taking writes.
    failsafe_mode: true,
    postgresql: { use_pg_rewind: true, use_slots: true, parameters: { ...SHARED, ...parameters } },
  };
}
