import { expect, test } from 'vitest';
import { chainOf, filesOfSet, infoFiles } from '../../../recovery/offsite/set-files.ts';

const F = '20261123-020000F';
const [I1, I2, D] = [`${F}_20261123-030000I`, `${F}_20261123-040000I`, `${F}_20261123-050000D`];
const SETS = [
  { label: F, prior: null, reference: null },
  { label: I1, prior: F, reference: [F] },
  { label: I2, prior: I1, reference: [F] },
  { label: D, prior: F, reference: [F] },
];

test.each([
  [F, [F]],
  [I1, [F, I1]],
  // Nothing of I1 is referenced; it is what the set was built on all the same.
  [I2, [F, I1, I2]],
  [D, [F, D]],
])('%s needs %j', (label, chain) => {
  expect(chainOf(SETS, label)).toEqual(chain);
});

test('a set that is not listed is refused', () => {
  expect(() => chainOf(SETS, '20261124-020000F')).toThrow(RangeError);
  expect(() => chainOf([{ label: I1, prior: F, reference: null }], I1)).toThrow(RangeError);
});

test('files of the chain and its WAL, whatever the timeline; nothing of the others', () => {
  const segment = (name: string, more = `-${'a'.repeat(40)}.zst`): string =>
    `archive/go-coffee/15-1/${name.slice(0, 16)}/${name}${more}`;
  const wanted = [
    'archive/go-coffee/15-1/00000002.history',
    segment('000000010000000000000005'),
    segment('000000010000000000000005', '.00000028.backup'),
    segment('000000020000000000000006'),
    `backup/go-coffee/${F}/backup.manifest`,
    `backup/go-coffee/${F}/bundle/1`,
    `backup/go-coffee/${I1}/backup.manifest.copy`,
  ];
  const others = [
    ...infoFiles('go-coffee'),
    segment('000000010000000000000004'),
    segment('000000020000000000000007'),
    segment('000000010000000100000005'),
    `backup/go-coffee/${I2}/backup.manifest`,
    `backup/go-coffee/backup.history/2026/${F}.manifest.gz`,
    `backup/other/${F}/backup.manifest`,
  ];
  const needs = {
    stanza: 'go-coffee',
    chain: [F, I1],
    walStart: '000000010000000000000005',
    walStop: '000000020000000000000006',
  };
  expect(filesOfSet([...others, ...wanted], needs)).toEqual(wanted);
});
