/** Pure: what makes pgBackRest copy a standby's files. It still asks the leader to begin and to end the backup, and takes some of its files. */
import type { ConfigPostgres } from './config.ts';

/**
 * Options of `backup` that add `host` as the second server. One name must be one server: pgBackRest waits for the replay of the one that it
 * asks, and copies by connections of their own.
 */
export function replicaOptions(
  { tls, dataDir, socketDir, port, user, database }: ConfigPostgres,
  host: string,
): string[] {
  if (tls === undefined) return [];
  const options = {
    ...{ host, 'host-type': 'tls', 'host-port': tls.port, 'host-ca-file': tls.ca },
    ...{ 'host-cert-file': tls.certificate, 'host-key-file': tls.key },
    ...{ path: dataDir, 'socket-path': socketDir, port, user, database },
  };
  return ['--backup-standby', ...Object.entries(options).map(([name, value]) => `--pg2-${name}=${value}`)];
}
