/** A workload type that `dr` does not know, added by this folder alone: backed up, lost, restored and verified by the command itself. */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { productionPlan } from '../../../../plan/production.ts';
import type { Plan, Workload } from '../../../../plan/types.ts';
import { openSite, type Site } from '../../../../recovery/config/site.ts';
import { openCatalog } from '../../../../recovery/points/catalog/catalog.ts';
import { dr, drEnds } from '../../../faults/dr-process.ts';
import { scratch } from '../../../scratch.ts';
import { type MysqlSettings, makeDataDir, mysqlSettings, query, startServer, stopServer } from './server.ts';

const REGISTER = new URL('./register.ts', import.meta.url).href;
const LOADED = { env: { NODE_OPTIONS: `--import ${REGISTER}` } };

const shop: Workload = {
  id: 'shop',
  type: 'x-mysql',
  group: 'application',
  title: 'Shop database',
  tier: 'P2',
  dataClass: 'application-data',
  services: [],
  repositories: productionPlan.repositories.map(({ id }) => id),
  covers: ['Shop data'],
};

interface Shop {
  readonly site: Site;
  readonly settings: MysqlSettings;
  readonly envFile: string;
}

async function makeShop(): Promise<Shop> {
  const folder = await scratch();
  const secret = async (name: string) => {
    const file = join(folder, name);
    await writeFile(file, randomBytes(24).toString('hex'), { mode: 0o600 });
    return [{ name: 'first', from: { file } }];
  };
  const plan: Plan = { ...productionPlan, workloads: [...productionPlan.workloads, shop] };
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  const environment = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    ...{ name: 'shop', site: 'first', stateDir: join(folder, 'state'), plan: join(folder, 'plan.json') },
    signingKeys: await secret('signing-key'),
    extensions: {
      'x-mysql': { socket: join(folder, 'mysql.sock'), dataDir: join(folder, 'srv', 'mysql'), database: 'shop' },
    },
    repositories: {
      local: { type: 'posix', path: join(folder, 'repository'), passphrases: await secret('passphrase') },
    },
  };
  const envFile = join(folder, 'dr.yaml');
  await writeFile(envFile, stringify(environment));
  await mkdir(join(folder, 'srv'));
  const site = await openSite(envFile);
  const settings = mysqlSettings(site.environment);
  onTestFinished(() => stopServer(site, settings));
  await makeDataDir(site, settings);
  await startServer(site, settings);
  return { site, settings, envFile };
}

const ROWS = 200;
const FILL = `
  CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
  CREATE TABLE orders (id int PRIMARY KEY, drink varchar(40) NOT NULL, price decimal(6,2) NOT NULL);
  CREATE TABLE beans (id int AUTO_INCREMENT PRIMARY KEY, origin text NOT NULL);
  INSERT INTO orders SELECT seq, concat('latte ', seq, ' with ''milk'' and ☕'), seq / 7 FROM seq_1_to_${ROWS};
  INSERT INTO beans (origin) VALUES ('Ethiopia'), ('Guatemala');`;
const CHECKSUM = 'CHECKSUM TABLE shop.orders, shop.beans';

test('without its module the type is refused before anything is touched; with it, it is backed up, lost and restored', async () => {
  const { site, settings, envFile } = await makeShop();
  await query(site, settings, FILL);
  const before = await query(site, settings, CHECKSUM);
  await drEnds(0, envFile, ['init'], LOADED);
  const unknown = await dr(envFile, ['backup', '--kind', 'full']);
  expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('DR-WORKLOAD-TYPE-UNKNOWN') });
  expect(unknown.stderr).toContain('"x-mysql"');

  const backup = JSON.parse((await drEnds(0, envFile, ['backup', '--kind', 'full', '-o', 'json'], LOADED)).stdout);
  const catalog = await openCatalog(site, site.repository('local'), 'restorer');
  const captures = (await catalog.points()).map(({ point }) => [point.id, point.captures]);
  const facts = { 'rows:orders': ROWS, 'rows:beans': 2 };
  expect(captures).toMatchObject([[backup.runId, [{ workload: 'shop', engine: 'restic', facts }]]]);

  const verified = await drEnds(0, envFile, ['verify', '--deep', '-o', 'json'], LOADED);
  expect(verified.stdout).toMatch(/"title": "rows of orders"[^}]*"ok": true/);

  // The server dies, and its disk with it.
  await query(site, settings, 'DROP TABLE shop.orders');
  await stopServer(site, settings);
  await rm(settings.dataDir, { recursive: true });
  const restore = ['restore', '--to', 'latest', '--confirm', 'shop', '-o', 'json'];
  const { plan, ready } = JSON.parse((await drEnds(0, envFile, restore, LOADED)).stdout);
  expect({ items: plan.items, ready }).toMatchObject({
    items: [{ workload: 'shop', type: 'x-mysql', state: 'absent', destination: settings.dataDir }],
    ready: true,
  });
  expect(await query(site, settings, CHECKSUM)).toEqual(before);

  // A running server is replaced only by its name, and what is wrong in it is found by its checks.
  await query(site, settings, 'DELETE FROM shop.orders WHERE id > 100');
  const again = JSON.parse((await drEnds(0, envFile, restore, LOADED)).stdout);
  expect(again.plan.items).toMatchObject([{ state: 'alive' }]);
  expect(await query(site, settings, CHECKSUM)).toEqual(before);
});
