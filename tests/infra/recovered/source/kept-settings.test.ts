/** What of `recovery` may change once the platform is there, and what its data hang on. */
import { expect, test } from 'vitest';
import { changeProblems, keptSettings } from '../../../../infra/recovered/source/kept-settings.ts';
import { record } from '../../recording.ts';
import { PIN, RECOVERY, upBefore } from '../recovery-stack.ts';

const settings = {
  isolated: false,
  rotateSecrets: false,
  map: { registry: {}, host: {}, namespace: { shop: 'shop-two' }, storageClass: { fast: 'slow' } },
};

test.each([
  ['the same', settings, settings, []],
  ['secrets made anew later', { ...settings, rotateSecrets: true }, settings, ['recovery.rotateSecrets']],
  [
    'other hosts and another registry',
    { ...settings, map: { ...settings.map, host: { 'a.example.com': 'b.example.com' }, registry: { one: 'two' } } },
    settings,
    [],
  ],
  ['a drill that would go live', settings, { ...settings, isolated: true }, ['recovery.isolated']],
  ['a live one that would be a drill', { ...settings, isolated: true }, settings, ['recovery.isolated']],
  ['the old secrets back', settings, { ...settings, rotateSecrets: true }, ['recovery.rotateSecrets']],
  [
    'other namespaces and classes',
    { ...settings, map: { ...settings.map, namespace: {}, storageClass: { fast: 'fast-two' } } },
    settings,
    ['recovery.map.namespace', 'recovery.map.storageClass'],
  ],
] as const)('%s', (_, now, before, paths) => {
  expect(changeProblems(now, keptSettings(before)).map(({ path }) => path.join('.'))).toEqual(paths);
});

test('they stand in the outputs, and the next `up` holds the config against them', async () => {
  const before = {
    ...upBefore(PIN).previous,
    recoverySettings: (await record('local', RECOVERY, upBefore(PIN))).outputs.recoverySettings,
  };
  expect(before.recoverySettings).toEqual({
    isolated: false,
    rotateSecrets: false,
    map: { namespace: {}, storageClass: {} },
  });
  const drilled = { ...RECOVERY, recovery: { ...RECOVERY.recovery, isolated: true } };
  await expect(record('local', drilled, { previous: before })).rejects.toThrow(
    'DR-CONFIG recovery.isolated: true, and this stack is not a drill',
  );
});
