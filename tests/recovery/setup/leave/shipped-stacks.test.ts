/** Leaving one of the shipped stacks, by what its program really declares. */
import { describe, expect, test } from 'vitest';
import { heldIn } from '../../../../recovery/pulumi/held.ts';
import { parseState } from '../../../../recovery/pulumi/state.ts';
import { leaveStack } from '../../../../recovery/setup/leave/stack.ts';
import { record } from '../../../infra/recording.ts';

/** As `pulumi stack export` has it after an `up`. */
async function leavingOf(stack: string) {
  const recording = await record(stack);
  const resources = recording.map(({ inputs, ...rest }) => ({ ...rest, inputs, outputs: inputs }));
  const held = heldIn(parseState(JSON.stringify({ deployment: { resources } }), stack));
  const secrets = recording.secretOutputs.map((name) => JSON.stringify(recording.outputs[name]));
  return { leaving: leaveStack({ stack, held, outputs: recording.outputs }), secrets };
}

describe.each(['local', 'production'])('the stack %s', (stack) => {
  test('jobs, policies and rights go; the database, namespaces, claims, buckets, keys and passwords stay', async () => {
    const { leaving, secrets } = await leavingOf(stack);
    const kinds = leaving.goes.map(({ what }) => what);
    expect(kinds).toEqual(expect.arrayContaining(['CronJob', 'NetworkPolicy', 'Role', 'Deployment']));
    expect(kinds.filter((kind) => /^(Namespace|PersistentVolumeClaim)$|bucketV2|^aws:s3\/bucket:/.test(kind))).toEqual(
      [],
    );
    const stays = leaving.stays.map(({ what }) => what);
    expect(stays).toEqual(
      expect.arrayContaining([
        'copies in local',
        'copies in primary',
        'Namespace',
        'PersistentVolumeClaim',
        'StatefulSet',
        'passwords and keys',
      ]),
    );
    expect(leaving.reading.map((line) => line.split(':')[0])).toEqual(
      expect.arrayContaining(['local', 'primary', 'secondary']),
    );
    const commands = leaving.steps.flatMap(({ commands: lines }) => lines);
    expect(commands.filter((line) => /delete statefulset -n \S+ \S+$/.test(line)).length).toBeGreaterThan(0);
    if (stack === 'production') {
      expect(stays).toEqual(expect.arrayContaining(['aws:kms/key:Key', 'aws:kms/replicaKey:ReplicaKey']));
      expect(stays.filter((kind) => kind.startsWith('aws:s3/bucket'))).not.toEqual([]);
    }
    expect(secrets.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(JSON.stringify(leaving)).not.toContain(secret);
  });
});
