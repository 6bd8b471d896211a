/** What becomes of the roles of a restored database: the script that Patroni calls, against a real PostgreSQL. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { expect, test } from 'vitest';
import { renderAfterInit } from '../../../infra/postgres/scripts.ts';
import { withPlatform } from '../../platform.ts';

const ENV = {
  APPLICATION_PASSWORD: 'NewApplication',
  ROLE_PASSWORDS: '{"reports": "New\'Rep\\\\orts", "gone": "x"}',
};

test('with rotation no old password is good, and the roles that services know have new ones', {
  timeout: 120_000,
}, async () => {
  await withPlatform({}, async ({ folder, platform }) => {
    const { socketDir = '' } = platform.environment.postgres ?? {};
    const letsIn = async (user: string, password: string): Promise<boolean> => {
      const client = new pg.Client({ host: socketDir, user, password, database: 'postgres' });
      try {
        await client.connect();
        return true;
      } catch (error) {
        expect((error as { code?: string }).code).toBe('28P01');
        return false;
      } finally {
        await client.end().catch(() => {});
      }
    };
    const afterInit = async (rotate: boolean) => {
      const file = join(folder, 'after-init.sh');
      await writeFile(file, renderAfterInit('shop', rotate));
      const connection = `host=${socketDir} user=postgres dbname=postgres`;
      return execa('/bin/sh', [file, connection], { env: ENV });
    };
    const admin = await platform.postgres();
    try {
      for (const role of ['shop', 'reports', 'intruder']) {
        await admin.query(`create role ${role} login password 'Old-${role}-1234'`);
      }
      await admin.query("alter system set log_statement = 'all'");
      // As one of the original: enabled, with a publisher that nobody may ask from here.
      await admin.query(
        "create subscription changes connection 'host=127.0.0.1 port=1' publication p with (connect = false)",
      );
      await admin.query('update pg_subscription set subenabled = true');
      // As pg_cron keeps them.
      await admin.query('create schema cron');
      await admin.query('create table cron.job (jobid bigint, schedule text, active boolean)');
      await admin.query("insert into cron.job values (1, '* * * * *', true), (2, '0 3 * * *', false)");
      // What a restored database may bring along: a standby that is gone, and settings of the role.
      await admin.query("alter role postgres set search_path = 'nowhere'");
      await admin.query('alter role postgres set standard_conforming_strings = off');
      for (const limit of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
        await admin.query(`alter role postgres set ${limit} = '1ms'`);
      await admin.query('alter role postgres set default_transaction_read_only = on');
      await admin.query("alter system set synchronous_standby_names = 'nobody'");
      await admin.query('select pg_reload_conf()');

      await afterInit(false);
      expect((await admin.query('select subenabled from pg_subscription')).rows).toEqual([{ subenabled: false }]);
      expect((await admin.query('select from cron.job where active')).rowCount).toBe(0);
      expect(await letsIn('shop', 'NewApplication')).toBe(true);
      expect(await letsIn('shop', 'Old-shop-1234')).toBe(false);
      expect(await letsIn('reports', 'Old-reports-1234')).toBe(true);

      const { stdout, stderr } = await afterInit(true);
      expect(await letsIn('shop', 'NewApplication')).toBe(true);
      expect(await letsIn('reports', "New'Rep\\orts")).toBe(true);
      expect(await letsIn('reports', 'Old-reports-1234')).toBe(false);
      expect(await letsIn('intruder', 'Old-intruder-1234')).toBe(false);
      const { rows } = await admin.query("select count(*)::int as n from pg_database where datname = 'shop'");
      expect(rows).toEqual([{ n: 1 }]);
      expect(stdout + stderr).not.toMatch(/New/);
      const log = await readFile(platform.paths.postgresLog, 'utf8');
      // The settings are as bad as can be: other statements are in it.
      expect(log).toContain('pg_database');
      expect(log).not.toMatch(/NewApplication|New'+Rep/);
    } finally {
      await admin.end();
    }
  });
});
