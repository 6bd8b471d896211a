import { expect, test } from 'vitest';
import { parseSettings } from '../../../recovery/rebuild/settings.ts';

test('dots lead into objects, brackets keep dots, values are JSON where they can be', () => {
  const given = [
    'cluster.context=lab',
    'cluster.kubeconfig=/k',
    'postgres={"instances":1}',
    'recovery.map.registry["a.io"]=b.io',
  ];
  expect(parseSettings(given)).toEqual({
    cluster: { context: 'lab', kubeconfig: '/k' },
    postgres: { instances: 1 },
    recovery: { map: { registry: { 'a.io': 'b.io' } } },
  });
  expect(parseSettings(['site=a=b'])).toEqual({ site: 'a=b' });
});

test.each([
  ['site', 'SET-INVALID', 'has no "="'],
  ['=x', 'SET-INVALID', 'has no "="'],
  ['a..b=1', 'SET-INVALID', 'names no key'],
  ['role=primary', 'SET-INVALID', 'can’t be set'],
  ['recovery.from=latest', 'SET-INVALID', 'can’t be set'],
])('%s is refused', (given, code, fact) => {
  expect(() => parseSettings([given])).toThrow(
    expect.objectContaining({ code, exit: 2, fact: expect.stringContaining(fact) }),
  );
});

test('a secret on the command line is refused and not quoted', () => {
  const typed = () => parseSettings(['secretValues.redis=hunter2']);
  expect(typed).toThrow(expect.objectContaining({ code: 'SET-SECRET', exit: 2 }));
  expect(typed).not.toThrow(/hunter2/);
});
