/** A failover on an operator's machine, which has no environment file, writes itself into the incident that was declared elsewhere. */
import { expect, test } from 'vitest';
import { siteOfStack } from '../../cli/attach/sites.ts';
import { productionPlan } from '../../plan/production.ts';
import type { Site } from '../../recovery/config/site.ts';
import { DrError } from '../../recovery/core/errors.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { failOver } from '../../recovery/failover/run.ts';
import { attach } from '../../recovery/incident/attach.ts';
import { commandFacts } from '../../recovery/incident/command-facts.ts';
import { openIncidents } from '../../recovery/incident/incidents.ts';
import { makeSite } from '../recovery/config/site-fixture.ts';
import { makeTwoSites, SIGNING_KEY, type TwoSites } from '../recovery/failover/two-sites.ts';
import { scratch } from '../scratch.ts';

const DECLARED = { scenario: 'complete-failure', severity: 'P1', severityFrom: 'given', exercise: false } as const;
const REQUEST = {
  stack: 'dr',
  old: {
    cluster: { context: 'us' },
    namespaces: { platform: 'go-coffee', recovery: 'go-coffee-dr', existing: [] },
  },
  allowUnfenced: false,
};

/** The host with the environment file, which declares: its repository is that of both stacks. */
async function host({ store }: TwoSites): Promise<Site> {
  const facts = { repositories: ['secondary'], keys: [SIGNING_KEY.name], stores: { secondary: store } };
  return makeSite(await scratch(), facts);
}

async function twoSites(): Promise<TwoSites> {
  const sites = await makeTwoSites(await scratch());
  await sites.archive('us-east-1-1', '000000010000000000000004');
  sites.old.onShip = () => sites.archive('us-east-1-1', '000000010000000000000005');
  sites.dr.onUp = async () => {
    const history = '1\t0/6000000\tno recovery target specified\n';
    Object.assign(sites.standby.database, { follows: false, timeline: 2, lsn: '0/6000100', history });
    sites.standby.jobs.set('dr-full-eu-west-1-1', 'running');
  };
  return sites;
}

const line = 'dr failover --stack dr';
const options = (site: () => Promise<Site>, now: () => Date) => ({ site, line, by: 'op@laptop', now, log: silentLog });

test('start, loss and end of a failover stand in the incident of the repositories', async () => {
  const sites = await twoSites();
  const declaring = await host(sites);
  const { id } = await (await openIncidents(declaring)).declare(DECLARED, { by: 'ann', now: new Date() });
  const attached = attach(
    options(
      () => siteOfStack(sites.ports, 'dr'),
      () => new Date(),
    ),
  );
  const report = await failOver(sites.ports, productionPlan, REQUEST, async () => {});
  for (const { at, ...facts } of commandFacts('FailoverReport', report, 0)) attached.tell(facts, at);
  await attached.flush(10);
  const [command, ...more] = (await openIncidents(declaring)).get(id).commands;
  expect(more).toEqual([]);
  expect(command).toMatchObject({ line, by: 'op@laptop', exit: 0 });
  expect(command?.endedAt).toBeDefined();
});

test('with the repository away it waits in the operator’s state folder, and the failover does not', async () => {
  const sites = await twoSites();
  const declaring = await host(sites);
  const { id } = await (await openIncidents(declaring)).declare(DECLARED, { by: 'ann', now: new Date() });
  const opened = await siteOfStack(sites.ports, 'dr');
  await openIncidents(opened);
  const away = { ...sites.ports };
  away.openStorage = async ({ id: where }) => {
    throw new DrError({ code: 'REPOSITORY-UNREACHABLE', where, fact: 'connect ECONNREFUSED', hint: '' });
  };
  const attached = attach(
    options(
      () => siteOfStack(away, 'dr'),
      () => new Date(),
    ),
  );
  attached.tell({ phase: 'end', exit: 0, detail: 'promoted' });
  await attached.flush(10);
  expect((await openIncidents(declaring)).get(id).commands).toEqual([]);
  // The next command of this machine that reaches it hands it over.
  await openIncidents(await siteOfStack(sites.ports, 'dr'));
  expect((await openIncidents(declaring)).get(id).commands).toMatchObject([{ line, exit: 0, summary: 'promoted' }]);
});

test('it knows its signing key and no other secret', async () => {
  const sites = await twoSites();
  const site = await siteOfStack(sites.ports, 'dr');
  const failure: unknown = await site.secrets.read({ env: 'HOME' }, 'repositories.secondary').catch((e: unknown) => e);
  expect(failure).toMatchObject({ code: 'SECRET-MISSING', exit: 2 });
  expect(JSON.stringify(site.environment)).not.toContain(SIGNING_KEY.secret);
});
