/** Who leads, by a standby's connection string, without the password in it. */
import { expect, test } from 'vitest';
import { lastErrors } from '../../../../recovery/workloads/postgres/server.ts';
import { leaderIn } from '../../../../recovery/workloads/postgres/standby.ts';

test.each([
  ['host=leader.example port=5433 password=geheim', 'leader.example:5433'],
  ["user=replicator host='10.0.0.1' sslmode=require", '10.0.0.1'],
  ['hostaddr=10.0.0.2', '10.0.0.2'],
  ['postgresql://u:geheim@leader.example:5432/x', 'leader.example:5432'],
  ['', 'a server that primary_conninfo does not name: it follows an archive'],
])('%s', (conninfo, leader) => {
  expect(leaderIn(conninfo)).toBe(leader);
});

test('a failed start: the setting stands in the DETAIL; a log in another language has its last lines', () => {
  const log = [
    'LOG:  entering standby mode',
    'FATAL:  recovery aborted because of insufficient parameter settings',
    'DETAIL:  max_connections = 100 is a lower setting than on the primary server, where its value was 120.',
    'HINT:  You can restart the server after making the necessary configuration changes.',
    'LOG:  startup process (PID 1) exited with exit code 1',
  ];
  expect(lastErrors(log.join('\n'))).toContain('max_connections = 100 is a lower setting');
  expect(lastErrors('PROTOKOLL:  startet\nPANISCH:  kaputt')).toContain('kaputt');
});
