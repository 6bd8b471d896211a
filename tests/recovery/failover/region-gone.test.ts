/** The first region is gone with its repository: the failover begins without it, and takes it back when it answers. */
import { beforeEach, describe, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import {
  attachToStack,
  detachFromStack,
  planStackAttach,
  planStackDetach,
} from '../../../recovery/failover/repository.ts';
import { failOver, previewFailover } from '../../../recovery/failover/run.ts';
import { planText, reportText } from '../../../recovery/failover/text.ts';
import { raiseFence, readFence } from '../../../recovery/points/fence.ts';
import { scratch } from '../../scratch.ts';
import { ENVIRONMENT, makeTwoSites, SIGNING_KEY, type TwoSites } from './two-sites.ts';

const REQUEST = { stack: 'dr', allowUnfenced: true, maxLossSeconds: 3600 };
const PRIMARY = { stack: 'dr', repository: 'primary' };

let sites: TwoSites;
let primary: ReturnType<TwoSites['addPrimary']>;
beforeEach(async () => {
  sites = await makeTwoSites(await scratch());
  primary = sites.addPrimary();
  primary.answers = false;
  await sites.archive('us-east-1-1', '000000010000000000000004');
  sites.dr.onUp = async () => {
    Object.assign(sites.standby.database, { follows: false, timeline: 2, lsn: '0/6000100' });
  };
});

const failover = () => failOver(sites.ports, productionPlan, REQUEST, async () => {});
const detached = () => (sites.dr.values.storage?.value as { detached?: string[] } | undefined)?.detached;
const fenceIn = (store: TwoSites['store']) =>
  readFence(store, layout(ENVIRONMENT), { lineage: 'us-east-1-1', keys: [SIGNING_KEY] });

describe('a failover without the first region', () => {
  test('says so before and after, and its one `up` knows the repository no more', async () => {
    const { plan, refusals } = await previewFailover(sites.ports, productionPlan, REQUEST);
    expect(refusals).toEqual([]);
    expect(plan.detach).toEqual(['primary']);
    expect(planText(plan)).toMatch(/begins without +primary: no WAL and no backup goes there/);
    const report = await failover();
    expect(sites.standby.done).toEqual(['config role, storage of dr', 'up dr']);
    expect(detached()).toEqual(['primary']);
    expect(reportText(report)).toContain('when it is back, dr repository attach primary --stack dr');
    expect(await fenceIn(sites.store)).toMatchObject({ successor: 'eu-west-1-1' });
  });

  test('a run that was killed in its `up` begins without it too, although it answers by then', async () => {
    sites.dr.before = () => {
      throw new Error('killed');
    };
    await expect(failover()).rejects.toThrow('killed');
    sites.dr.before = () => {};
    primary.answers = true;
    await failover();
    expect(detached()).toEqual(['primary']);
  });

  test('a repository that answers stays, and so does one that refuses: a person must see why', async () => {
    const open = sites.ports.openStorage;
    sites.ports.openStorage = async (place) => {
      if (place.id !== 'primary') return open(place);
      throw new DrError({ code: 'REPOSITORY-DENIED', where: 'primary', fact: 'access denied', hint: '' });
    };
    expect((await previewFailover(sites.ports, productionPlan, REQUEST)).plan.detach).toEqual([]);
    sites.ports.openStorage = open;
    primary.answers = true;
    await failover();
    expect(sites.standby.done).toEqual(['config role of dr', 'up dr']);
    expect(detached()).toBeUndefined();
  });
});

describe('the region is back', () => {
  test('its repository is fenced first, then takes part again; a second run has nothing to do', async () => {
    await failover();
    await expect(planStackAttach(sites.ports, PRIMARY)).rejects.toMatchObject({ code: 'REPOSITORY-UNREACHABLE' });
    primary.answers = true;
    const before = sites.standby.done.length;
    sites.dr.before = () => {
      throw new Error('killed');
    };
    await expect(attachToStack(sites.ports, PRIMARY)).rejects.toThrow('killed');
    // A site that came back with its region reads this one alone.
    expect(await fenceIn(primary.store)).toMatchObject({ lineage: 'us-east-1-1', successor: 'eu-west-1-1' });
    sites.dr.before = () => {};
    expect(await planStackAttach(sites.ports, PRIMARY)).toMatchObject({
      needed: true,
      points: 0,
      others: ['secondary'],
    });
    await attachToStack(sites.ports, PRIMARY);
    expect(sites.standby.done.slice(before)).toEqual(['config storage of dr', 'up dr']);
    expect(detached()).toEqual([]);
    expect(sites.dr.made.repositories).toHaveProperty('primary');
    expect(await planStackAttach(sites.ports, PRIMARY)).toMatchObject({ needed: false });
  });

  test('a fence for another successor stops it', async () => {
    await failover();
    primary.answers = true;
    await raiseFence(primary.store, layout(ENVIRONMENT), {
      lineage: 'us-east-1-1',
      successor: 'ap-south-1-1',
      what: 'another failover',
      now: new Date(),
      key: SIGNING_KEY,
    });
    await expect(attachToStack(sites.ports, PRIMARY)).rejects.toMatchObject({ code: 'FENCE-TAKEN' });
    expect(detached()).toEqual(['primary']);
  });
});

describe('by hand', () => {
  test('a leader goes on without a repository; a standby keeps the one that it follows, and nobody the last one', async () => {
    await expect(planStackDetach(sites.ports, { ...PRIMARY, repository: 'secondary' })).rejects.toMatchObject({
      code: 'REPOSITORY-FOLLOWED',
    });
    await expect(planStackDetach(sites.ports, { ...PRIMARY, repository: 'third' })).rejects.toMatchObject({
      code: 'REPOSITORY-UNKNOWN',
      hint: expect.stringContaining('secondary'),
    });
    expect(await planStackDetach(sites.ports, PRIMARY)).toMatchObject({
      needed: true,
      unreachable: expect.stringContaining('ECONNREFUSED'),
      others: ['secondary'],
    });
    await detachFromStack(sites.ports, PRIMARY);
    expect(detached()).toEqual(['primary']);
    expect(await planStackDetach(sites.ports, PRIMARY)).toMatchObject({ needed: false });
    const last = { stack: 'production', repository: 'secondary' };
    await expect(planStackDetach(sites.ports, last)).rejects.toMatchObject({ code: 'REPOSITORY-LAST' });
  });
});
