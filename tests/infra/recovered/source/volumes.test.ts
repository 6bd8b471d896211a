/** A volume grows where it is, in words; anything else that can't be done to it is refused in the preview. */
import { expect, test } from 'vitest';
import type { StackConfig } from '../../../../infra/config/types.ts';
import { growthFindings, volumeProblems, volumesOf } from '../../../../infra/recovered/source/volumes.ts';

interface Sizes {
  readonly postgres?: string;
  readonly backups?: string;
  readonly state?: string;
  readonly generation?: number;
  readonly classes?: StackConfig['storageClasses'];
}

const config = ({ postgres = '50Gi', backups = '200Gi', state = '100Gi', generation = 1, classes = {} }: Sizes = {}) =>
  ({
    postgres: { storage: postgres },
    redis: { storage: '5Gi' },
    backups: { storage: backups, state },
    storageClasses: classes,
    generation,
  }) as Pick<StackConfig, 'postgres' | 'redis' | 'backups' | 'storageClasses' | 'generation'>;

const heldBy = (sizes: Sizes = {}) => ({
  generation: sizes.generation ?? 1,
  volumes: volumesOf(config(sizes)),
});
const facts = (now: Sizes, was: Sizes = {}): string[] =>
  volumeProblems(config(now), heldBy(was)).map(({ path, fact }) => `${path.join('.')}: ${fact}`);

test.each<[string, Sizes, Sizes]>([
  ['the same', {}, {}],
  ['the same in another unit', { backups: '1Ti' }, { backups: '1024Gi' }],
  ['a larger one', { postgres: '100Gi', backups: '300Gi' }, {}],
  ['a smaller one of a new generation', { postgres: '20Gi', generation: 2 }, {}],
])('%s: nothing to refuse', (_, now, was) => {
  expect(facts(now, was)).toEqual([]);
});

test('outputs of an earlier version say nothing of volumes', () => {
  expect(volumeProblems(config({ postgres: '20Gi' }), { generation: 1 })).toEqual([]);
  expect(volumeProblems(config(), undefined)).toEqual([]);
});

test('a smaller one is refused, of a store and of what outlives its generation', () => {
  expect(facts({ postgres: '20Gi', state: '1Gi' })).toEqual([
    'postgres.storage: 20Gi, and the volume has 50Gi: Kubernetes makes no volume smaller',
    'backups.state: 1Gi, and the volume has 100Gi: Kubernetes makes no volume smaller',
  ]);
  expect(facts({ backups: '1Gi', generation: 2 })).toHaveLength(1);
});

test('another class is refused, once where two volumes have it', () => {
  expect(facts({ classes: { backups: 'gp3' } }, { classes: { backups: 'efs' } })).toEqual([
    'storageClasses.backups: "gp3", and the volume is of class efs: a volume keeps its class',
  ]);
});

test('a claim of the class for EFS can’t grow, and has no need to', () => {
  const classes = { backups: 'files', efs: { name: 'files', fileSystemId: 'fs-12345678' } };
  expect(facts({ classes, backups: '300Gi' }, { classes })).toEqual([
    'backups.storage: 300Gi instead of 200Gi, and the class "files" is of EFS: its driver changes no claim, and its volumes have no end',
  ]);
});

test('growing is said, with what decides about it where this program does not know', () => {
  const ebs = { name: 'gp3', provisioner: 'ebs.csi.aws.com' } as const;
  const said = (classes: StackConfig['storageClasses']) =>
    growthFindings(config({ postgres: '100Gi', classes }), heldBy({ classes }));
  expect(said({ postgres: 'gp3', ebs })).toEqual([
    'postgres.storage grows from 50Gi to 100Gi: the volumes are resized while their pods run',
  ]);
  expect(said({ postgres: 'fast' })[0]).toContain('allowVolumeExpansion (kubectl get storageclass fast)');
  expect(said({})[0]).toContain('(kubectl get storageclass)');
});
