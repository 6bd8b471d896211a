/** Ports and service names that several parts share. */
export const PORTS = {
  postgres: 5432,
  patroni: 8008,
  /** pgBackRest's own default for its TLS server. */
  pgbackrest: 8432,
  redis: 6379,
  metrics: 9187,
} as const;

/** Also Patroni's scope: the leader's endpoint has the scope's name. */
export const POSTGRES = 'postgres';
/** Headless: each member by the name of its pod. */
export const POSTGRES_MEMBERS = `${POSTGRES}-members`;
export const REDIS = 'redis';
/** The pgBackRest server that holds the local repository's volume. */
export const REPOSITORY_SERVER = 'pgbackrest-repository';
export const MONITOR = 'dr-monitor';

/** The name in certificates: without the cluster's domain, which the program does not know. */
export function serviceHost(service: string, namespace: string): string {
  return `${service}.${namespace}.svc`;
}
