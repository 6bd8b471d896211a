/** The way to a PostgreSQL that stays where it is: what `tls` and `ca` let pass, and an extension that the target lacks. */
import { appendFile, chmod, copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { makeTls } from '../../../../drill/s3/tls.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { dr, drEnds } from '../../../faults/dr-process.ts';
import { type ChosenServer, withChosenServer } from '../postgres/chosen-server.ts';
import { freePort } from './free-port.ts';

const PASSWORD = 'of the dump';
const SERVER = { password: true, config: "listen_addresses = '127.0.0.1'" };

async function external(server: ChosenServer, name: string, changes: Record<string, unknown>): Promise<string> {
  const { postgres: _, ...rest } = parse(await readFile(server.envFile, 'utf8'));
  const key = join(server.folder, 'keys', 'dump');
  await writeFile(key, PASSWORD);
  await chmod(key, 0o600);
  const file = join(server.folder, `${name}.yaml`);
  const at = { user: 'dumper', password: { file: key }, ...changes };
  await writeFile(file, stringify({ ...rest, external: { postgres: at } }));
  return file;
}

/** The server takes TLS alone, with a certificate for the name `localhost`. */
async function encrypt(server: ChosenServer): Promise<string> {
  const folder = join(server.folder, 'tls');
  await mkdir(folder);
  const { ca, cert, key } = await makeTls(folder);
  const own = join(server.dataDir, 'server.key');
  await copyFile(key, own);
  await makeRun(silentLog)(['chown', '--reference', join(server.dataDir, 'PG_VERSION'), own]);
  const hba = join(server.dataDir, 'pg_hba.conf');
  await appendFile(
    join(server.dataDir, 'postgresql.conf'),
    `ssl = on\nssl_cert_file = '${cert}'\nssl_key_file = 'server.key'\n`,
  );
  await writeFile(hba, 'hostssl all dumper 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 scram-sha-256\n');
  await server.stop();
  await server.start();
  return ca;
}

test('verify-full asks the certificate, require does not, disable is refused by a server that wants TLS', async () => {
  const port = await freePort();
  await withChosenServer({ ...SERVER, tcpPort: port }, async (server) => {
    await server.sql(`CREATE ROLE dumper LOGIN PASSWORD '${PASSWORD}'; GRANT pg_read_all_data TO dumper;
      CREATE TABLE orders AS SELECT generate_series(1, 10) AS id`);
    const ca = await encrypt(server);
    const backup = ['backup', '--kind', 'full'];
    const named = await external(server, 'named', { host: 'localhost', port, ca });
    await drEnds(0, named, ['init']);
    expect((await drEnds(0, named, backup)).stdout).toMatch(/postgres-dump +ok/);
    const any = await external(server, 'any', { host: '127.0.0.1', port, tls: 'require' });
    expect((await drEnds(0, any, backup)).stdout).toMatch(/postgres-dump +ok/);
    const trusted = await external(server, 'trusted', { host: 'localhost', port });
    const env = { NODE_EXTRA_CA_CERTS: ca, SSL_CERT_FILE: ca };
    expect((await drEnds(0, trusted, backup, { env })).stdout).toMatch(/postgres-dump +ok/);

    const refused = async (file: string): Promise<string> => {
      const { exitCode, stdout, stderr } = await dr(file, backup);
      expect(exitCode).not.toBe(0);
      return stdout + stderr;
    };
    expect(await refused(trusted)).toMatch(/DR-POSTGRES-TLS localhost:\d+: its certificate is not good/);
    const other = await external(server, 'other', { host: '127.0.0.1', port, ca });
    expect(await refused(other)).toMatch(/DR-POSTGRES-TLS 127\.0\.0\.1:\d+: its certificate is not good: .*ALTNAME/s);
    const plain = await external(server, 'plain', { host: 'localhost', port, tls: 'disable' });
    expect(await refused(plain)).toMatch(/DR-POSTGRES-DENIED .*no encryption/);
    await server.sql('ALTER SYSTEM SET ssl = off');
    await server.stop();
    await server.start();
    expect(await refused(any)).toMatch(/DR-POSTGRES-TLS 127\.0\.0\.1:\d+: it offers no TLS/);
  });
});

test('an extension that the target lacks is named, and nothing is changed there', async () => {
  const [port, otherPort] = [await freePort(), await freePort()];
  await withChosenServer({ ...SERVER, tcpPort: port }, async (server) => {
    await server.sql(`CREATE ROLE dumper LOGIN SUPERUSER PASSWORD '${PASSWORD}'; CREATE EXTENSION tcn;
      CREATE TABLE names AS SELECT 'ann' AS name`);
    const at = { host: '127.0.0.1', tls: 'disable', databases: ['shop'] };
    const envFile = await external(server, 'here', { ...at, port });
    await drEnds(0, envFile, ['init']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);
    await withChosenServer({ ...SERVER, tcpPort: otherPort }, async (other) => {
      await other.sql(`CREATE ROLE dumper LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
      // Nobody else needs this one; another server of this host has the same files.
      const hide = async (): Promise<() => Promise<void>> => {
        const [row] = await other.sql<{ file: string }>(
          "SELECT setting || '/extension/tcn.control' AS file FROM pg_config WHERE name = 'SHAREDIR'",
        );
        const file = row?.file ?? '';
        await rename(file, `${file}.hidden`);
        return () => rename(`${file}.hidden`, file);
      };
      const show = await hide();
      try {
        const elsewhere = await external(server, 'there', { ...at, port: otherPort });
        const lacking = await dr(elsewhere, ['restore', '--to', 'latest', '--no-backup', '--only', 'postgres-dump']);
        expect([lacking.exitCode, lacking.stderr]).toEqual([
          6,
          expect.stringMatching(/DR-EXTENSION-MISSING 127\.0\.0\.1:\d+: it lacks the extension tcn/),
        ]);
        expect(await other.sql("SELECT datname FROM pg_database WHERE datname LIKE '%dr%'")).toEqual([]);
      } finally {
        await show();
      }
    });
  });
});
