import { expect, test } from 'vitest';
import { checkPlan } from '../../plan/checks/validate.ts';
import { productionPlan } from '../../plan/production.ts';
import { rotationOf } from '../../plan/rotation.ts';
import { HARDENING_MEASURES, STORE_CREDENTIALS } from '../../plan/security.ts';
import { describePlan } from '../../recovery/report/plan-text.ts';
import { type Fault, findsOnly, planWith } from './plan-fixture.ts';

const { rotation } = productionPlan;
const verdict = (key: string, annotations = {}, name = 'auth') => rotationOf(rotation, { name, annotations }, key);

test.each(['jwt-secret', 'JWT_SECRET', 'jwtSecret', 'jwt.secret', 'AUTH_JWT_SECRET', 'session-key', 'CSRF_SECRET'])(
  '%s is made anew',
  (key) => {
    expect(verdict(key)).toEqual({ kind: 'rotate', length: 48, alphabet: 'letters-digits' });
  },
);

test.each([
  ['STRIPE_API_KEY', /Only who gave it out/],
  ['.dockerconfigjson', /Only who gave it out/],
  ['restic-passphrase', /opens nothing that is there/],
  ['DATA_ENCRYPTION_KEY', /opens nothing that is there/],
  ['grafana-admin-password', /owners set new ones/],
])('%s is left to people', (key, reason) => {
  expect(verdict(key)).toEqual({ kind: 'keep', reason: expect.stringMatching(reason) });
});

test('what no rule knows is kept, without a reason', () => {
  expect(verdict('greeting')).toEqual({ kind: 'keep', reason: undefined });
});

test.each([
  ['named', 'greeting', 'jwt-secret, greeting', 'rotate'],
  ['not named', 'greeting', 'other', 'keep'],
  ['all of it, a third party’s too', 'stripe-api-key', 'all', 'rotate'],
  ['none of it', 'jwt-secret', 'none', 'keep'],
])('the annotation of the Secret is stronger: %s', (_, key, said, kind) => {
  expect(verdict(key, { 'go-coffee-dr/rotate': said }).kind).toBe(kind);
});

test('names and labels narrow a rule', () => {
  const plan = planWith(({ rotation: { secrets } }) => {
    Object.assign(secrets[0] as object, { names: ['auth-*'], labels: { tier: 'P1' } });
  });
  const kind = (name: string, labels: Record<string, string>) =>
    rotationOf(plan.rotation, { name, labels }, 'jwt-secret').kind;
  expect(kind('auth-service', { tier: 'P1' })).toBe('rotate');
  expect(kind('auth-service', {})).toBe('keep');
  expect(kind('orders', { tier: 'P1' })).toBe('keep');
});

const FAULTS: readonly Fault[] = [
  [
    'a key in two rules',
    ({ rotation: { secrets } }) => void secrets[1]?.keys.push('smtp-secret'),
    'ROTATION-SHADOWED',
    'rotation.secrets.sessions.keys',
    '"smtp-secret" of "sessions" is also in "third-parties" of kept',
    'remove it from one of them',
  ],
  [
    'a measure twice',
    ({ hardening }) => void hardening.push({ id: 'seccomp', title: 'again' }),
    'ID-DOUBLED',
    'hardening.seccomp',
    '"seccomp" occurs twice',
    'remove one',
  ],
];
test.each(FAULTS)('%s', findsOnly);

test('the shipped plan has every store and every measure, and shows them', () => {
  expect([...rotation.stores].sort()).toEqual([...STORE_CREDENTIALS].sort());
  expect(productionPlan.hardening.map(({ id }) => id)).toEqual([...HARDENING_MEASURES]);
  expect(checkPlan(productionPlan)).toEqual([]);
  const text = describePlan(productionPlan);
  for (const { title } of [...productionPlan.hardening, ...rotation.secrets, ...rotation.kept]) {
    expect(text).toContain(title);
  }
});
