/** Patroni's configuration for each kind of bootstrap. Passwords come from PATRONI_… variables and are not in this text. Pure. */
import { stringify } from 'yaml';
import { seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';
import { PATHS, scriptsFolder, TLS_FILES } from '../cluster/paths.ts';
import { PORTS, POSTGRES } from '../cluster/ports.ts';
import type { ServerParameters } from '../config/stores/parameters.ts';
import type { Bootstrap } from './bootstrap.ts';
import { dynamicSettings } from './dynamic.ts';
import { SCRIPTS, sourceGetCommand } from './scripts.ts';
import { SUPERUSER_MAP, type SuperuserLogin, superuserRules } from './superuser.ts';
import { walOption } from './wal-volume.ts';

/** Patroni finds its members by this label and `kubernetes.labels` together: a pod without it sees no other. */
export const SCOPE_LABEL = 'cluster-name';
const LABELS = { 'app.kubernetes.io/name': POSTGRES } as const;
const ROLE_LABEL = 'role';
/** Method by which the first member copies a running server. */
const ADOPT = 'adopt';

export interface PatroniArgs {
  readonly plan: Plan;
  /** The cluster's own `<site>-<generation>`. */
  readonly lineage: string;
  readonly bootstrap: Bootstrap;
  /** False in a drill. @default true */
  readonly archiving?: boolean | undefined;
  /** Of the stack. @default none */
  readonly parameters?: ServerParameters | undefined;
  /** Of applications; the superuser and the members always use it. @default offered */
  readonly tls?: 'offered' | 'required' | undefined;
  /** @default certificate */
  readonly superuser?: SuperuserLogin | undefined;
  /** The WAL has a volume of its own. @default false */
  readonly walVolume?: boolean | undefined;
}

/** A restored subscription would connect to its publisher and take changes that the real site has not received yet. */
const SENDS_NOTHING = { archive_mode: 'off', max_logical_replication_workers: 0 } as const;

function archiving({ plan, lineage, archiving: on = true }: PatroniArgs): Record<string, string | number> {
  if (!on) return SENDS_NOTHING;
  const timeout = plan.workloads.find(({ type }) => type === 'postgres')?.continuous?.archiveTimeout;
  return {
    // Also on in a standby, which archives nothing while it follows: a promotion must not need a restart.
    archive_mode: 'on',
    archive_command: `${scriptsFolder(lineage)}/${SCRIPTS.push} %p`,
    ...(timeout === undefined ? {} : { archive_timeout: seconds(timeout) }),
  };
}

function localParameters(args: PatroniArgs): Record<string, string | number> {
  return {
    ...archiving(args),
    unix_socket_directories: PATHS.pgSocket,
    password_encryption: 'scram-sha-256',
    ssl: 'on',
    ssl_cert_file: TLS_FILES.certificate,
    ssl_key_file: TLS_FILES.key,
    // Of the certificates by which somebody logs in.
    ssl_ca_file: TLS_FILES.authority,
  };
}

/** Peer authentication by the socket: the containers of the pod run as the account `postgres`. The first rule that fits counts. */
function logins({ bootstrap, tls, superuser = 'certificate' }: PatroniArgs): string[] {
  // `md5` lets in both kinds of passwords.
  const passwords = bootstrap.kind === 'adopted' && bootstrap.server.passwords === 'md5' ? 'md5' : 'scram-sha-256';
  return [
    'local all all peer',
    'hostssl replication replicator all scram-sha-256',
    ...superuserRules(superuser, passwords),
    `${tls === 'required' ? 'hostssl' : 'host'} all all all ${passwords}`,
  ];
}

function standbyCluster(bootstrap: Bootstrap, lineage: string): Record<string, unknown> {
  if (bootstrap.kind === 'adopted') {
    const { host, port, slot } = bootstrap.server;
    return { standby_cluster: { host, port, primary_slot_name: slot, create_replica_methods: [ADOPT] } };
  }
  if (bootstrap.kind !== 'standby') return {};
  return {
    standby_cluster: {
      restore_command: sourceGetCommand(lineage),
      create_replica_methods: ['pgbackrest'],
    },
  };
}

/** Settings of the bootstrap. Patroni reads them once and keeps `dcs` in the cluster afterwards. */
function beginning({ bootstrap, lineage, parameters, walVolume }: PatroniArgs): Record<string, unknown> {
  const scripts = scriptsFolder(lineage);
  const dcs = { ...dynamicSettings(parameters), ...standbyCluster(bootstrap, lineage) };
  const afterInit = { post_init: `${scripts}/${SCRIPTS.afterInit}` };
  switch (bootstrap.kind) {
    case 'primary':
      return {
        dcs,
        initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C.UTF-8' }, ...walOption(walVolume)],
        ...afterInit,
      };
    case 'adopted':
    case 'standby':
      return { dcs };
    case 'recovery':
      return {
        dcs,
        method: 'pgbackrest',
        pgbackrest: { command: `${scripts}/${SCRIPTS.restore}`, no_params: true, keep_existing_recovery_conf: true },
        ...afterInit,
      };
  }
}

function postgresql(args: PatroniArgs): Record<string, unknown> {
  const { bootstrap, lineage, archiving: on = true } = args;
  const scripts = scriptsFolder(lineage);
  return {
    listen: `*:${PORTS.postgres}`,
    data_dir: PATHS.pgData,
    // The default lies in the home folder, which can't be written.
    pgpass: '/tmp/pgpass',
    use_unix_socket: true,
    authentication: {
      // By its own certificate in another member's server. No name of it is an address, by which Patroni connects.
      superuser: {
        username: 'postgres',
        sslmode: 'verify-ca',
        sslrootcert: TLS_FILES.authority,
        sslcert: TLS_FILES.certificate,
        sslkey: TLS_FILES.key,
      },
      replication: { username: 'replicator' },
    },
    pg_hba: logins(args),
    pg_ident: [...SUPERUSER_MAP],
    parameters: localParameters(args),
    // Without an archive, members can only stream.
    ...(on ? { recovery_conf: { restore_command: `${scripts}/${SCRIPTS.get} %f "%p"` } } : {}),
    ...(on ? { callbacks: { on_role_change: `${scripts}/${SCRIPTS.promoted}` } } : {}),
    create_replica_methods: ['basebackup'],
    basebackup: [{ checkpoint: 'fast' }, ...walOption(args.walVolume)],
    ...(bootstrap.kind === 'standby'
      ? { pgbackrest: { command: `${scripts}/${SCRIPTS.restore}`, keep_data: true, no_params: true, no_leader: true } }
      : {}),
    ...(bootstrap.kind === 'adopted'
      ? { [ADOPT]: { command: `${scripts}/${SCRIPTS.adopt}`, keep_data: true, no_params: true } }
      : {}),
  };
}

/** The part that affects a running cluster. A change of the bootstrap part alone restarts nothing. */
function running(args: PatroniArgs): Record<string, unknown> {
  return {
    scope: POSTGRES,
    kubernetes: {
      use_endpoints: true,
      scope_label: SCOPE_LABEL,
      role_label: ROLE_LABEL,
      labels: LABELS,
      // The leader's endpoint: also pgBackRest's server beside it.
      ports: [
        { name: 'postgres', port: PORTS.postgres },
        { name: 'pgbackrest', port: PORTS.pgbackrest },
      ],
    },
    // Only members may change the state; others may read it.
    restapi: { listen: `*:${PORTS.patroni}`, allowlist: ['127.0.0.1'], allowlist_include_members: true },
    postgresql: postgresql(args),
  };
}

/** YAML. The second text is the part whose change needs a restart of the pods. */
export function renderPatroni(args: PatroniArgs): { readonly config: string; readonly running: string } {
  const part = running(args);
  return {
    config: stringify({ ...part, bootstrap: beginning(args) }, { lineWidth: 0 }),
    running: stringify(part, { lineWidth: 0 }),
  };
}
