/** A server that follows, one that was made anew, one that has neither a socket nor a database "postgres". */
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { dr, drEnds } from '../../../faults/dr-process.ts';
import { withChosenServer } from './chosen-server.ts';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
    probe.once('error', reject);
  });
}

test('TCP alone and no database "postgres"; a standby says who leads; a cluster made anew has a way on', async () => {
  const tcpPort = await freePort();
  await withChosenServer({ tcpPort, config: "listen_addresses = '127.0.0.1'" }, async (server) => {
    const { sql, envFile, dataDir } = server;
    await sql('CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 9)');
    await sql('DROP DATABASE postgres', 'template1');
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);

    await server.stop();
    await writeFile(join(dataDir, 'standby.signal'), '');
    const auto = await readFile(join(dataDir, 'postgresql.auto.conf'), 'utf8');
    await appendFile(
      join(dataDir, 'postgresql.auto.conf'),
      "primary_conninfo = 'host=leader.example port=5433 password=geheim'\n",
    );
    await server.start();
    for (const args of [['backup', '--kind', 'full'], ['init']]) {
      const { stdout, stderr, exitCode } = await dr(envFile, args);
      expect(exitCode).not.toBe(0);
      expect(`${stdout}${stderr}`).toContain('leader.example:5433 leads');
      expect(`${stdout}${stderr}`).not.toContain('geheim');
    }
    expect((await dr(envFile, ['assess'])).stdout).toContain('leader.example:5433 leads');
    await server.stop();
    await rm(join(dataDir, 'standby.signal'));
    await writeFile(join(dataDir, 'postgresql.auto.conf'), auto);

    await rm(dataDir, { recursive: true });
    await server.initialize();
    await server.start();
    await sql('CREATE DATABASE shop', 'template1');
    expect((await dr(envFile, ['assess'])).stdout).toMatch(
      /ANOTHER CLUSTER: this one is \d+, the newest point is of \d+/,
    );
    for (const args of [['backup', '--kind', 'full'], ['init']]) {
      const { stderr } = await drEnds(6, envFile, args);
      expect(stderr).toMatch(/^DR-POSTGRES-OTHER-CLUSTER lineage first-1: the running server is the cluster \d+/m);
      expect(stderr).toMatch(/dr init --adopt --restart/);
    }
    await drEnds(0, envFile, ['init', '--adopt', '--restart']);
    // Its dump has fewer rows than the old cluster's: kept, and suspect.
    await drEnds(3, envFile, ['backup', '--kind', 'full']);
    expect((await dr(envFile, ['assess'])).stdout).not.toContain('ANOTHER CLUSTER');
  });
});

test('another cluster of this host: its socket and its tablespaces are its own', async () => {
  await withChosenServer({}, async (server) => {
    const { sql, envFile, folder, socketDir } = server;
    const space = join(folder, 'wal', 'space');
    await server.makeFolder(space);
    await sql(`CREATE TABLESPACE fast LOCATION '${space}'`);
    await sql('CREATE TABLE orders (id int) TABLESPACE fast');
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);
    const environment = parse(await readFile(envFile, 'utf8'));
    const beside = (postgres: object) =>
      writeFile(envFile, stringify({ ...environment, postgres: { ...environment.postgres, ...postgres } }));
    const restore = ['restore', '--to', 'latest', '--only', 'postgres', '--confirm', 'drill', '--dry-run'];
    await beside({ dataDir: join(folder, 'pg', 'second') });
    const socket = await drEnds(2, envFile, restore);
    expect(socket.stderr).toMatch(/^DR-POSTGRES-SOCKET-IN-USE .*: port 5432 in \S+ belongs to .*pg\/data/m);
    await beside({ dataDir: join(folder, 'pg', 'second'), socketDir: join(socketDir, 'second') });
    const path = await drEnds(6, envFile, restore);
    expect(path.stderr).toMatch(
      /^DR-PATH-IN-USE tablespace fast: \S+space belongs to the PostgreSQL that runs on .*pg\/data/m,
    );
    await sql('SELECT count(*) FROM orders');
  });
});
