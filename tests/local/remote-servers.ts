/** The stores of another host: PostgreSQL that archives by itself, Redis, and pgBackRest's TLS servers; nothing listens but by TCP. */
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { generate } from 'selfsigned';
import { freePort, tryPort } from '../../drill/host/ports.ts';
import { startDaemon, waitFor } from '../../drill/host/processes.ts';
import type { S3Region } from '../../drill/s3/region.ts';
import { CLIENTS } from '../../infra/pgbackrest/config.ts';
import { SUPERUSER_MAP, superuserRules } from '../../infra/postgres/superuser.ts';
import { layout, STANZA } from '../../plan/layout.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import type { Place, Side } from './remote-place.ts';

export interface Leaf {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Certificates {
  readonly authority: string;
  /** Beside PostgreSQL, and its own. */
  readonly stores: Leaf;
  /** Client: the jobs. And of the server before the local repository, which is theirs. */
  readonly pods: Leaf;
  /** Client: the superuser of PostgreSQL. */
  readonly superuser: Leaf;
}

/** One authority for both sides. */
export async function makeCertificates({ stores, pods }: Place): Promise<Certificates> {
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: 'cluster' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const issue = async (side: Side, name: string, file = 'tls'): Promise<Leaf> => {
    const leaf = await generate([{ name: 'commonName', value: name }], {
      ...common,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
      ],
    });
    return {
      ca: await side.secret('ca.crt', authority.cert),
      certificate: await side.secret(`${file}.crt`, leaf.cert),
      key: await side.secret(`${file}.key`, leaf.private),
    };
  };
  return {
    authority: authority.cert,
    stores: await issue(stores, CLIENTS.postgres),
    pods: await issue(pods, CLIENTS.jobs),
    superuser: await issue(pods, CLIENTS.superuser, 'database'),
  };
}

async function listens(what: string, port: number): Promise<void> {
  await waitFor(what, async () => (await tryPort(port, '127.0.0.1')) === undefined);
}

/** pgBackRest's server beside a store; `client` is the common name that it lets in. Gives its port. */
export async function startPgBackRestServer(side: Side, tls: Leaf, client: string): Promise<number> {
  const port = await freePort(undefined);
  const work = await side.owned('pgbackrest');
  const config = join(work, 'server.conf');
  const lines = [
    '[global]',
    'tls-server-address=localhost',
    `tls-server-port=${port}`,
    `tls-server-ca-file=${tls.ca}`,
    `tls-server-cert-file=${tls.certificate}`,
    `tls-server-key-file=${tls.key}`,
    `tls-server-auth=${client}=${STANZA}`,
    `lock-path=${work}/lock`,
    `log-path=${work}/log`,
    'log-level-file=off',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  await startDaemon({
    argv: ['pgbackrest', `--config=${config}`, 'server'],
    cwd: work,
    logFile: side.path('pgbackrest.log'),
    pidFile: side.path('pids', 'pgbackrest'),
    as: side.account?.name,
  });
  await listens(`pgBackRest on port ${port}`, port);
  return port;
}

/** As the stacks have them. */
const HBA = [
  'local all all peer map=admin',
  ...superuserRules('certificate', 'scram-sha-256'),
  'host all all all reject',
];

/** Gives its port. It archives by `script` from the beginning, and by nothing that `dr` has made. */
export async function startPostgres(side: Side, tls: Leaf, password: string, script: string): Promise<number> {
  const bin = await findPostgresBin();
  const run = makeRun(silentLog);
  const as = side.account?.name;
  const port = await freePort(undefined);
  const data = join(await side.owned('postgres'), 'data');
  const sockets = await side.owned('run');
  const flags = ['--data-checksums', '--no-sync', '-U', 'postgres', '-E', 'UTF8', '--locale', 'C.UTF-8'];
  await run([join(bin, 'initdb'), '-D', data, ...flags, '--auth', 'peer'], { as, cwd: '/' });
  const settings = [
    "listen_addresses = 'localhost'",
    `port = ${port}`,
    `unix_socket_directories = '${sockets}'`,
    'ssl = on',
    `ssl_cert_file = '${tls.certificate}'`,
    `ssl_key_file = '${tls.key}'`,
    `ssl_ca_file = '${tls.ca}'`,
    'password_encryption = scram-sha-256',
    'wal_level = replica',
    'archive_mode = on',
    'archive_timeout = 60',
    `archive_command = '${script} %p'`,
  ];
  const me = userInfo().username;
  const files = {
    'patroni.base.conf': `${settings.join('\n')}\n`,
    'postgresql.conf': "include 'patroni.base.conf'\n",
    'pg_ident.conf': `${[`admin ${me} postgres`, `admin ${as ?? me} postgres`, ...SUPERUSER_MAP].join('\n')}\n`,
    'pg_hba.conf': `${HBA.join('\n')}\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(data, name), text);
    if (side.account) await chown(join(data, name), side.account.uid, side.account.gid);
  }
  const start = ['start', '-D', data, '-l', side.path('run', 'postgres.log'), '-w', '-t', '60'];
  await run([join(bin, 'pg_ctl'), ...start], { as, cwd: '/' });
  const admin = new pg.Client({ host: sockets, port, user: 'postgres', database: 'postgres' });
  await admin.connect();
  await admin.query(`ALTER ROLE postgres PASSWORD '${password}'`);
  await admin.query('CREATE DATABASE go_coffee');
  await admin.end();
  return port;
}

/** Gives its port. */
export async function startRedis(side: Side, password: string): Promise<number> {
  const port = await freePort(undefined);
  const data = await side.owned('redis');
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${data}`, 'appendonly yes', `requirepass ${password}`];
  const file = await side.secret('redis.conf', `${lines.join('\n')}\n`);
  await startDaemon({
    argv: ['redis-server', file],
    cwd: data,
    logFile: side.path('redis.log'),
    pidFile: side.path('pids', 'redis'),
    as: side.account?.name,
  });
  await listens(`Redis on port ${port}`, port);
  return port;
}

export interface ArchivingFacts {
  readonly environment: string;
  readonly lineage: string;
  /** The file that `archive_command` calls. */
  readonly script: string;
  readonly tls: Leaf;
  /** The server before the local repository. */
  readonly repositoryPort: number;
  readonly region: S3Region;
  readonly bucket: string;
}

/** What the PostgreSQL pods have: a configuration and a script of their own, with keys of their own. */
export async function writeArchiving({ stores, pods }: Place, facts: ArchivingFacts): Promise<void> {
  const { script, region, bucket, repositoryPort, tls, lineage } = facts;
  const path = layout(facts.environment).pgbackrest(lineage);
  const work = await stores.owned('archiving');
  const config = join(work, 'archive.conf');
  const there = join(await pods.owned('pgbackrest'), `${lineage}.conf`);
  const lines = [
    '[global]',
    'repo1-host=localhost',
    'repo1-host-type=tls',
    `repo1-host-port=${repositoryPort}`,
    `repo1-host-ca-file=${tls.ca}`,
    `repo1-host-cert-file=${tls.certificate}`,
    `repo1-host-key-file=${tls.key}`,
    `repo1-host-config=${there}`,
    'repo1-cipher-type=aes-256-cbc',
    'repo2-type=s3',
    `repo2-path=/${path}`,
    `repo2-s3-bucket=${bucket}`,
    'repo2-s3-endpoint=localhost',
    `repo2-s3-region=${region.region}`,
    'repo2-s3-uri-style=path',
    `repo2-storage-port=${new URL(region.endpoint).port}`,
    `repo2-storage-ca-file=${region.ca}`,
    'repo2-cipher-type=aes-256-cbc',
    'archive-async=y',
    `spool-path=${work}`,
    `lock-path=${work}/lock`,
    `log-path=${work}/log`,
    'log-level-file=off',
    'compress-type=zst',
    `[${STANZA}]`,
    `pg1-path=${stores.path('postgres', 'data')}`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const local = [
    '[global]',
    `repo1-path=${pods.path('repository')}/${path}`,
    `lock-path=${pods.path('pgbackrest', 'lock')}`,
    `log-path=${pods.path('pgbackrest', 'log')}`,
    'log-level-file=off',
    `[${STANZA}]`,
  ];
  await writeFile(there, `${local.join('\n')}\n`);
  const secrets = {
    PGBACKREST_REPO1_CIPHER_PASS: 'local.passphrase',
    PGBACKREST_REPO2_CIPHER_PASS: 'primary.passphrase',
    PGBACKREST_REPO2_S3_KEY: 'writer.id',
    PGBACKREST_REPO2_S3_KEY_SECRET: 'writer.secret',
  };
  const read = Object.entries(secrets).map(
    ([name, file]) => `${name}=$(cat ${stores.path('secrets', file)}) || exit 1\nexport ${name}`,
  );
  const push = `exec pgbackrest --config=${config} --stanza=${STANZA} archive-push "$@"`;
  await mkdir(join(script, '..'), { recursive: true });
  await writeFile(script, `#!/bin/sh\n${read.join('\n')}\n${push}\n`, { mode: 0o755 });
}
