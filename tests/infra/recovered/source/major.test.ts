/** Another major of PostgreSQL than the data is of is refused in the preview, where it is known. */
import { expect, test } from 'vitest';
import type { StackConfig } from '../../../../infra/config/types.ts';
import { changedMajorProblems, pointMajorProblems } from '../../../../infra/recovered/source/major.ts';
import type { ResolvedPoint } from '../../../../recovery/public.ts';

const config = (major: number | undefined, generation = 1) => ({
  postgres: { major } as StackConfig['postgres'],
  site: 'us-east-1',
  generation,
});
const facts = (problems: readonly { readonly fact: string }[]): string[] => problems.map(({ fact }) => fact);

test.each([
  ['the same', config(17), { postgresMajor: 17, generation: 1 }],
  ['not stated', config(undefined), { postgresMajor: 17, generation: 1 }],
  ['not known of the last up', config(17), { generation: 1 }],
  ['the first up', config(17), undefined],
  ['new volumes', config(18, 2), { postgresMajor: 17, generation: 1 }],
])('%s: nothing to say', (_, now, held) => {
  expect(changedMajorProblems(now, held)).toEqual([]);
});

test('another major on the volumes that are there', () => {
  const problems = changedMajorProblems(config(18), { postgresMajor: 17, generation: 1 });
  expect(facts(problems)).toEqual([
    '18, and the volumes of us-east-1-1 hold data of PostgreSQL 17, which no other major opens',
  ]);
  expect(problems[0]).toMatchObject({ path: ['postgres', 'major'], hint: expect.stringContaining('docs/majors.md') });
});

test.each([
  ['15.18', 17, ['17, and the set 20261123-020000F is of PostgreSQL 15, which no other major opens']],
  ['15', 15, []],
  ['17', 17, []],
  ['15', undefined, []],
])('a point of PostgreSQL %s for a stack of %s', (serverVersion, major, expected) => {
  const postgres = { serverVersion, set: '20261123-020000F' } as ResolvedPoint['postgres'];
  expect(facts(pointMajorProblems(config(major), { postgres }))).toEqual(expected);
});
