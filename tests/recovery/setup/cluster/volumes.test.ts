/** Which claims of a platform are proposed for `volumes`, and what is said of the others. */
import { expect, test } from 'vitest';
import { productionPlan } from '../../../../plan/production.ts';
import type { ClaimFact, ClaimUser, ClusterFacts } from '../../../../recovery/setup/cluster/facts.ts';
import { volumesPart } from '../../../../recovery/setup/cluster/volumes.ts';
import { dataOf } from '../../../../recovery/setup/document.ts';

const USER: ClaimUser = {
  object: 'Deployment shop/media',
  kind: 'Deployment',
  name: 'media',
  pods: { app: 'media' },
  user: 1001,
  group: undefined,
  path: '/pictures',
};

const claim = (name: string, more: Partial<ClaimFact> = {}, user: Partial<ClaimUser> | null = {}): ClaimFact => {
  const users = user === null ? [] : [{ ...USER, ...user }];
  const modes = ['ReadWriteOnce'];
  const at = { namespace: 'shop', storageClass: 'fast', size: '1Gi' };
  return { name, ...at, modes, mountedBy: users.map(({ object }) => object), users, ...more };
};

function proposed(
  claims: readonly ClaimFact[],
  more: Partial<Parameters<typeof volumesPart>[1]> = {},
  facts: object = {},
) {
  const all = { claims, stores: [], unread: [], ...facts } as unknown as ClusterFacts;
  const choices = { namespaces: ['shop'], named: {}, recovery: 'go-coffee-dr', covered: [], ...more };
  const { parts, ...rest } = volumesPart(all, choices, productionPlan);
  return { data: dataOf(parts).volumes, ...rest };
}

test('a disk goes where its pods are, a shared one anywhere; the account is that of the pods', () => {
  const shared = claim('media', { modes: ['ReadWriteMany'] }, { group: 2001 });
  expect(proposed([claim('orders'), shared]).data).toEqual({
    orders: { claim: 'orders', namespace: 'shop', pods: { app: 'media' }, user: 1001 },
    media: { claim: 'media', namespace: 'shop', access: 'ReadWriteMany', user: 1001, group: 2001 },
  });
});

test.each([
  [claim('left', {}, null), /mounted by nothing\): .* unless volumes names it/],
  [claim('one', { modes: ['ReadWriteOncePod'] }), /no second pod can mount it/],
  [claim('read', { modes: ['ReadOnlyMany'] }), /nobody can write a copy back/],
  [claim('bare', {}, { pods: {} }), /have no labels/],
])('%j is named with the reason', (one, words) => {
  const { data, notes } = proposed([one]);
  expect(data).toBeUndefined();
  expect(notes).toEqual([expect.stringMatching(words)]);
});

test('a claim of another namespace is nobody’s concern; one of a store, and pods that could not be read, are said', () => {
  expect(proposed([claim('x', { namespace: 'monitoring' })])).toMatchObject({ data: undefined, notes: [] });
  const stores = [{ kind: 'redis', object: USER.object }];
  expect(proposed([claim('cache')], {}, { stores }).notes[0]).toMatch(/looks like Redis: take that over/);
  expect(proposed([claim('left', {}, null)], {}, { unread: ['pods'] }).notes[0]).toMatch(
    /mounted by nothing that could be read \(not pods\)/,
  );
  const unread = proposed([], {}, { unread: ['persistentvolumeclaims'] });
  expect(unread.unanswered).toEqual([expect.objectContaining({ about: 'volumes' })]);
});

test.each([
  [undefined, /do not say as whom they run/],
  [0, /run as root, and a copy does not/],
])('whose files they are is asked where the pods run as %j', (user, why) => {
  const { data, unanswered } = proposed([claim('media', {}, { user })]);
  expect(data).toEqual({ media: { claim: 'media', namespace: 'shop', pods: { app: 'media' } } });
  const hint = expect.stringContaining('kubectl -n shop exec deployment/media -- ls -ln /pictures');
  expect(unanswered).toEqual([{ about: 'volumes.media.user', why: expect.stringMatching(why), hint }]);
});

test('names: short enough for a job, none of a workload that is no folder, none twice; the file’s own stay', () => {
  const two = [claim('data'), claim('data', { namespace: 'shop-data' })];
  const namespaces = ['shop', 'shop-data'];
  expect(Object.keys(proposed(two, { namespaces }).data as object)).toEqual(['data', 'shop-data-data']);
  expect(Object.keys(proposed([claim('redis'), claim('uploads')]).data as object)).toEqual(['shop-redis', 'uploads']);
  expect(Object.keys(proposed([claim('uploads')], { covered: ['uploads'] }).data as object)).toEqual(['shop-uploads']);
  const long = claim(`a.${'b'.repeat(60)}`);
  const [id = ''] = Object.keys(proposed([long]).data as object);
  expect(`go-coffee-dr-${id}-hourly`.length).toBeLessThanOrEqual(52);
  const named = { pictures: { claim: 'media' }, gone: { claim: 'gone' }, odd: 'x' };
  expect(proposed([claim('media', {}, null)], { named }).volumes.map(({ id: own }) => own)).toEqual(['pictures']);
});
