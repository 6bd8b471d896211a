/** Every copy that a stack makes by itself is one that `dr` takes, with the dr.yaml that the same stack gives it. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { productionPlan } from '../../../plan/production.ts';
import { selectForBackup } from '../../../recovery/backup/select.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { POINT_KINDS, type PointKind } from '../../../recovery/points/point.ts';
import { packSnapshot } from '../../../recovery/public.ts';
import { object, podsOf } from '../objects.ts';
import { record, STORED_SECRETS } from '../recording.ts';
import { PLATFORM } from '../recovered/sample-snapshot.ts';

const recoveredObjects = await packSnapshot(PLATFORM);
const promoted = (more: object) =>
  record(
    'local',
    {
      ...{ secrets: { from: 'config' }, secretValues: STORED_SECRETS, role: 'primary', generation: 1 },
      standby: { of: { site: 'other', generation: 1 }, repository: 'secondary', services: true },
      ...more,
    },
    { previous: { leads: false, site: 'local', generation: 1, recoveredObjects } },
  );

test.each([
  ['production', () => record('production')],
  ['local', () => record('local')],
  ['a standby that was promoted with its services', () => promoted({})],
  ['the same with a folder', () => promoted({ folders: { uploads: 'uploads' } })],
])('%s', async (_, recorded) => {
  const recording = await recorded();
  const { 'dr.yaml': text = '' } = object<{ data: Record<string, string> }>(
    recording,
    'ConfigMap',
    'dr-environment',
  ).data;
  const environment = environmentSchema.parse(parse(text));
  const commands = podsOf(recording).flatMap(({ of, spec }) =>
    spec.containers.flatMap(({ args = [] }) => (args[0] === 'backup' ? [[of, args] as const] : [])),
  );
  expect(commands.length).toBeGreaterThanOrEqual(4);
  for (const [of, args] of commands) {
    const after = (flag: string) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
    const kind = after('--kind') as PointKind;
    expect(POINT_KINDS).toContain(kind);
    const only = after('--only')?.split(',') ?? [];
    expect(() => selectForBackup(productionPlan, environment, kind, only), of).not.toThrow();
  }
});
