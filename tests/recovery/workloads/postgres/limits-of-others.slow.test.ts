/** What a role, a database and the server have for other sessions: limits that end every statement, no writes, other ways to write values. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds } from '../../../faults/dr-process.ts';
import { withChosenServer } from './chosen-server.ts';

const HOSTILE = [
  "statement_timeout = '1ms'",
  "lock_timeout = '1ms'",
  "idle_in_transaction_session_timeout = '1ms'",
  'default_transaction_read_only = on',
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "TimeZone = 'Asia/Kathmandu'",
  "bytea_output = 'escape'",
  'standard_conforming_strings = off',
  "search_path = 'nowhere'",
];

const RESTORE = ['restore', '--to', 'latest'];

test('a role and a database with limits of a millisecond, read-only and with other formats hold nothing of dr', async () => {
  await withChosenServer({}, async ({ sql, envFile, folder, dataDir, stop }) => {
    await sql(`CREATE TABLE days (day date, took interval, content bytea);
      INSERT INTO days SELECT date '2026-01-02' + g, make_interval(hours => -g), '\\x00ff' FROM generate_series(1, 5000) g`);
    await drEnds(0, envFile, ['init', '--restart']);
    for (const whose of ['DATABASE shop', 'ROLE postgres'])
      await sql(HOSTILE.map((setting) => `ALTER ${whose} SET ${setting}; `).join(''), 'template1');
    const made = await drEnds(0, envFile, ['backup', '--kind', 'full', '-o', 'json']);
    const { runId } = JSON.parse(made.stdout) as { runId: string };
    await drEnds(0, envFile, ['monitor', '--heartbeat']);
    await drEnds(0, envFile, ['verify', '--deep', '--point', runId]);
    await drEnds(0, envFile, ['health', '--comprehensive']);
    const assess = await drEnds(0, envFile, ['assess', '-o', 'json']);
    expect(JSON.parse(assess.stdout).findings.postgres).toMatchObject({ server: 'up', lostTables: [] });
    const beside = await drEnds(0, envFile, [...RESTORE, '--into-database', 'beside', '--table', 'public.days']);
    expect(beside.stdout).toMatch(/^public\.days +5000$/m);
    const saved = await drEnds(0, envFile, ['restore', '--emergency-dump', join(folder, 'saved'), '-o', 'json']);
    expect(JSON.parse(saved.stdout)).toMatchObject({ lost: [] });

    await stop('immediate');
    await drEnds(0, envFile, [...RESTORE, '--only', 'postgres', '--confirm', 'drill', '--no-backup']);
    expect(dataDir).not.toBe('');
  });
});
