/** A single host of another site, by the same account as the pods: it restores what the cluster's repositories hold. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { killBelow } from '../../drill/host/processes-below.ts';
import type { RemoteHost } from './remote-host.ts';

export interface OwnHost {
  readonly envFile: string;
  rows(table: string): Promise<number>;
  keys(): Promise<number>;
  stop(): Promise<void>;
}

const PORT = 5432;

export async function openOwnHost(host: RemoteHost): Promise<OwnHost> {
  const { generation: _, repositories, name, signingKeys, ...__ } = host.document;
  const folder = await host.owned('own');
  const path = (part: string): string => join(folder, part);
  for (const part of ['config', 'run']) await host.owned(`own/${part}`);
  await mkdir(path('config'), { recursive: true });
  const hba = path('config/pg_hba.conf');
  await writeFile(hba, 'local all all trust\n');
  // Certificates and names of the cluster are none of this host's.
  await writeFile(path('config/postgresql.conf'), `listen_addresses = ''\nhba_file = '${hba}'\n`);
  const redis = ['port 0', `unixsocket ${path('run/redis.sock')}`, `dir ${path('redis')}`, 'appendonly yes'];
  await writeFile(path('redis.conf'), `${redis.join('\n')}\n`);
  const envFile = await host.write('own.yaml', {
    ...{ apiVersion: 'go-coffee-dr/v1', kind: 'Environment', name, signingKeys, repositories },
    site: 'fra2',
    stateDir: path('state'),
    postgres: {
      dataDir: path('data'),
      configDir: path('config'),
      socketDir: path('run'),
      port: PORT,
      database: 'go_coffee',
      logFile: path('run/postgres.log'),
    },
    redis: { socket: path('run/redis.sock'), dataDir: path('redis'), configFile: path('redis.conf') },
  });
  return {
    envFile,
    async rows(table) {
      const client = new pg.Client({ host: path('run'), port: PORT, user: 'postgres', database: 'go_coffee' });
      await client.connect();
      try {
        return Number((await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n);
      } finally {
        await client.end();
      }
    },
    async keys() {
      const client = new Redis({ path: path('run/redis.sock') });
      try {
        return await client.dbsize();
      } finally {
        client.disconnect();
      }
    },
    async stop() {
      await killBelow(folder);
    },
  };
}
