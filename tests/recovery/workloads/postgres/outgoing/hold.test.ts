import { expect, test } from 'vitest';
import { linesOf, settingsThatHold, withoutLines } from '../../../../../recovery/workloads/postgres/outgoing/hold.ts';
import { heldNotes } from '../../../../../recovery/workloads/postgres/outgoing/release.ts';

const OWN = { archive_cleanup_command: '', recovery_end_command: '' };

test('a copy of this host keeps its subscriptions and libraries; commands of a standby never run', () => {
  const held = settingsThatHold(false, undefined, { libraries: ['$libdir/pg_cron'] });
  expect(held).toEqual({ forReplay: OWN, lasting: {}, libraries: [], loaded: '', unknown: [] });
});

test('another host gets neither subscriptions nor libraries that run jobs', () => {
  const held = settingsThatHold(true, 'pg_stat_statements, "pg_cron", /usr/lib/x/pglogical', undefined);
  expect(held.forReplay).toEqual({ ...OWN, max_logical_replication_workers: '0' });
  expect(held.lasting).toEqual({ shared_preload_libraries: '"pg_stat_statements"' });
  const [first, , libraries] = heldNotes('the copy is of db1', [], held);
  expect(first).toContain('the copy is of db1');
  expect(libraries).toContain(
    "not loaded: pg_cron, /usr/lib/x/pglogical. To load it again: ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements', 'pg_cron', '/usr/lib/x/pglogical'",
  );
});

test('what could not be read beforehand is named', () => {
  const held = settingsThatHold(true, undefined, { libraries: ['$libdir/pg_cron', '$libdir/citext'] });
  expect(held.lasting).toEqual({});
  expect(heldNotes('why', [], held).at(-1)).toMatch(/^\$libdir\/pg_cron may run here/);
});

test('an account that may not disable subscriptions leaves their workers off, and says so', () => {
  expect(heldNotes('why', undefined, settingsThatHold(true, '', undefined))[1]).toContain(
    'ALTER SYSTEM RESET max_logical_replication_workers',
  );
});

test('only the lines that were added go', () => {
  const own = "max_logical_replication_workers = '0'";
  const lines = linesOf({ max_logical_replication_workers: '0', recovery_end_command: '' });
  const text = `# head\n${own}\na = 'b'\n${lines.join('\n')}\n`;
  expect(withoutLines(text, lines)).toBe(`# head\n${own}\na = 'b'\n`);
  expect(withoutLines('a = 1\n', lines)).toBe('a = 1\n');
});
