/** Which targets a PostgreSQL that stays where it is has, and what of it is refused by name. */
import { expect, test } from 'vitest';
import { externalCopies, withExternalPostgres } from '../../../plan/declared/external.ts';
import { productionPlan } from '../../../plan/production.ts';
import { selectWorkloads } from '../../../plan/select.ts';
import { postgresSettings } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { parseTarget } from '../../../recovery/points/target.ts';
import { isOfReceived } from '../../../recovery/restore/resolve-in.ts';

const siteOf = (postgres: object): Pick<Site, 'environment'> =>
  ({ environment: { external: { postgres } } }) as unknown as Pick<Site, 'environment'>;
const plan = withExternalPostgres(productionPlan, externalCopies({ wal: {} }));
const place = parseTarget('before:744', 'later');

test('a place in the WAL is one of received WAL alone', () => {
  const site = siteOf({ wal: {} });
  expect(isOfReceived(site, place, selectWorkloads(plan, ['postgres-wal']))).toBe(true);
  expect(isOfReceived(site, parseTarget('latest', 'later'), plan.workloads)).toBe(false);
  expect(isOfReceived({ environment: {} } as unknown as Site, place, plan.workloads)).toBe(false);
  expect(() => isOfReceived(site, place, selectWorkloads(plan, ['postgres-wal', 'redis']))).toThrow(
    /before:744 is a place in the WAL of external\.postgres, which says nothing about redis/,
  );
  expect(() => isOfReceived(siteOf({}), place, plan.workloads)).toThrow(/of external\.postgres there are dumps alone/);
});

test('what wants a PostgreSQL of this host says that it is external', () => {
  const { environment } = siteOf({ wal: {} });
  expect(() => postgresSettings(environment)).toThrow(
    expect.objectContaining({ code: 'POSTGRES-EXTERNAL', exit: 2, hint: expect.stringContaining('docs/external.md') }),
  );
});
