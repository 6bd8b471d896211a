/** pgBackRest's configurations in the cluster. They contain no secrets, which the scripts pass in environment variables. Pure. */
import { layout, STANZA } from '../../plan/layout.ts';
import { GET_WAIT_SECONDS } from '../../recovery/public.ts';
import { authorityFile, PATHS, TLS_FILES } from '../cluster/paths.ts';
import { PORTS, REPOSITORY_SERVER, serviceHost } from '../cluster/ports.ts';
import type { ClusterRepository, S3Repository } from '../cluster/repository.ts';

/** pgBackRest identifies clients by the common name of their certificates, and lets in the first two. PostgreSQL maps the last two. */
export const CLIENTS = { jobs: 'dr', postgres: 'postgres', superuser: 'dr-superuser' } as const;

export interface Archive {
  /** Prefix in every repository. */
  readonly environment: string;
  /** `<site>-<generation>` */
  readonly lineage: string;
  /** In pgBackRest's order: the first is `repo1`. */
  readonly repositories: readonly ClusterRepository[];
  readonly namespaces: { readonly recovery: string };
}

/** Name of a lineage's configuration; the repository server has one of the same name. */
export const configName = (lineage: string): string => `${lineage}.conf`;

export function configFile(lineage: string): string {
  return `${PATHS.pgbackrestConfig}/${configName(lineage)}`;
}

/** Name of the lineage's configuration that has one repository alone, by pgBackRest's number. */
export const pushConfigName = (lineage: string, number: number): string => `${lineage}.push-${number}.conf`;

const folderOf = ({ environment, lineage }: Archive): string => layout(environment).pgbackrest(lineage);

function s3Lines(repository: S3Repository, archive: Archive, key: (name: string, value: string) => string): string[] {
  const endpoint = new URL(repository.endpoint);
  return [
    key('type', 's3'),
    key('path', `/${folderOf(archive)}`),
    key('s3-bucket', repository.bucket),
    key('s3-endpoint', endpoint.hostname),
    key('s3-region', repository.region),
    key('s3-uri-style', repository.uriStyle),
    ...(repository.access === 'web-identity' ? [key('s3-key-type', 'web-id')] : []),
    ...(endpoint.port === '' ? [] : [key('storage-port', endpoint.port)]),
    ...(repository.ownAuthority ? [key('storage-ca-file', authorityFile(repository.id))] : []),
  ];
}

/** The local repository's volume is in the recovery namespace, which outlives the platform's, so it is accessed over TLS. */
function localLines(archive: Archive, key: (name: string, value: string) => string): string[] {
  return [
    key('host', serviceHost(REPOSITORY_SERVER, archive.namespaces.recovery)),
    key('host-type', 'tls'),
    key('host-port', String(PORTS.pgbackrest)),
    key('host-ca-file', TLS_FILES.authority),
    key('host-cert-file', TLS_FILES.certificate),
    key('host-key-file', TLS_FILES.key),
    key('host-config', configFile(archive.lineage)),
  ];
}

function server(client: string): string[] {
  return [
    'tls-server-address=*',
    `tls-server-port=${PORTS.pgbackrest}`,
    `tls-server-ca-file=${TLS_FILES.authority}`,
    `tls-server-cert-file=${TLS_FILES.certificate}`,
    `tls-server-key-file=${TLS_FILES.key}`,
    `tls-server-auth=${client}=${STANZA}`,
  ];
}

/** No `archive-push-queue-max`: it would drop WAL while a repository is unreachable. */
const work = (folder: string): string[] => [
  `lock-path=${folder}/lock`,
  `log-path=${folder}/log`,
  'log-level-console=info',
  'log-level-file=off',
  'log-level-stderr=off',
];
const WORK = work(PATHS.pgbackrestWork);

/**
 * While a repository is unreachable, a push must fail fast and be retried: before PostgreSQL stops or restarts, it waits for the current
 * push and three more. Asynchronous pushes continue meanwhile, and have the time that a slow line needs.
 */
const PUSH = ['', '[global:archive-push]', 'archive-timeout=15', 'io-timeout=30'];

const GET = ['', '[global:archive-get]', `archive-timeout=${GET_WAIT_SECONDS}`];

const DATABASE = [
  '',
  `[${STANZA}]`,
  `pg1-path=${PATHS.pgData}`,
  `pg1-socket-path=${PATHS.pgSocket}`,
  `pg1-port=${PORTS.postgres}`,
  'pg1-user=postgres',
];

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

function repositoryLines(archive: Archive, repository: ClusterRepository, number: number): string[] {
  const key = (name: string, value: string) => `repo${number}-${name}=${value}`;
  const place = repository.kind === 'local' ? localLines(archive, key) : s3Lines(repository, archive, key);
  return [...place, key('cipher-type', 'aes-256-cbc')];
}

const transfer = (folder: string): string[] => [
  'archive-async=y',
  // The default minute is not enough for a segment on a busy node.
  'archive-timeout=300',
  `spool-path=${folder}/spool`,
  'compress-type=zst',
  'process-max=2',
  ...work(folder),
];

/** Beside PostgreSQL: archive-push, archive-get and restore of one lineage. @param processes of a restore */
export function renderArchiveConfig(archive: Archive, processes: number): string {
  return text([
    '[global]',
    ...archive.repositories.flatMap((repository, i) => repositoryLines(archive, repository, i + 1)),
    ...transfer(PATHS.pgbackrestWork),
    ...GET,
    ...PUSH,
    // A restore has the whole pod, and its time is the RTO.
    ...['', '[global:restore]', `process-max=${processes}`],
    ...DATABASE,
  ]);
}

/** By name: what `archive_command` ships by, a repository each. With one repository the lineage's own serves. */
export function renderPushConfigs(archive: Archive): Record<string, string> {
  if (archive.repositories.length === 1) return {};
  const configs = archive.repositories.map((repository, i) => {
    const own = ['[global]', ...repositoryLines(archive, repository, i + 1)];
    const lines = [...own, ...transfer(`${PATHS.pgbackrestWork}/push-${i + 1}`), ...PUSH, ...DATABASE];
    return [pushConfigName(archive.lineage, i + 1), text(lines)] as const;
  });
  return Object.fromEntries(configs);
}

/** The TLS server beside each PostgreSQL: backup jobs copy its data directory through it. */
export function renderPostgresServerConfig(): string {
  return text(['[global]', ...server(CLIENTS.jobs), ...WORK, ...DATABASE]);
}

/** The TLS server with the local repository's volume. Its data arrives encrypted, and it has no passphrase. */
export function renderRepositoryServerConfig(): string {
  return text(['[global]', ...server(CLIENTS.postgres), ...WORK]);
}

/** That server's configuration for one lineage; undefined where no repository is local. */
export function renderLineageConfig(archive: Archive): string | undefined {
  const index = archive.repositories.findIndex(({ kind }) => kind === 'local');
  const repository = archive.repositories[index];
  if (repository?.kind !== 'local') return undefined;
  const path = `repo${index + 1}-path=${repository.path.replace(/\/+$/, '')}/${folderOf(archive)}`;
  return text(['[global]', path, ...WORK, '', `[${STANZA}]`]);
}
