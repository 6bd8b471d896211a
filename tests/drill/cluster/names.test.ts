import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drillConfig, drillName, drillNamespaces, otherDrills } from '../../../drill/cluster/names.ts';
import { namespacesOf } from '../../../plan/declared/namespaces.ts';

const NOW = new Date('2026-11-25T23:59:59Z');

test('one name a day; further ones are numbered', () => {
  expect(drillName(NOW, ['production'])).toBe('drill-20261125');
  expect(drillName(NOW, ['drill-20261125', 'drill-20261125-2'])).toBe('drill-20261125-3');
  expect(otherDrills(['production', 'drill-b', 'drill-a'])).toEqual(['drill-a', 'drill-b']);
});

test('keys set by the operator win', () => {
  const like = { namespaces: { platform: 'shop', recovery: 'shop-dr' } };
  expect(drillConfig('drill-1', like, { site: 'mine' })).toEqual({
    site: 'mine',
    namespaces: { platform: 'shop-drill-1', recovery: 'shop-drill-1-dr' },
  });
});

test('a platform with namespaces of its own: each gets one of the drill, and none of its config names is used', () => {
  const like = { namespaces: { platform: { existing: ['web', 'data'] }, stores: 'web-stores', recovery: 'web-dr' } };
  expect(drillConfig('drill-1', like, {})).toEqual({
    site: 'drill-1',
    namespaces: {
      platform: { existing: ['web-drill-1', 'data-drill-1'] },
      stores: 'web-drill-1-stores',
      recovery: 'web-drill-1-dr',
    },
    recovery: { map: { namespace: { web: 'web-drill-1', data: 'data-drill-1' } } },
  });
});

test('namespaces are valid in Kubernetes and differ from the platform’s', () => {
  const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const stack = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,99}$/).filter((name) => /[a-z0-9]/i.test(name));
  fc.assert(
    fc.property(stack, fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/), (name, platform) => {
      const made = namespacesOf(drillNamespaces(name, { namespaces: { platform } }).namespaces);
      expect(made.platform).toMatch(label);
      expect(made.recovery).toMatch(label);
      expect(new Set([made.platform, made.recovery, platform]).size).toBe(3);
    }),
  );
});
