/** Memory follows the processes of pgBackRest: a limit for fewer would end them without a word. */
import { expect, test } from 'vitest';
import { mebibytes } from '../../infra/cluster/sizes.ts';
import { podOf } from './objects.ts';
import { record } from './recording.ts';

const limits = (recording: Awaited<ReturnType<typeof record>>) => {
  const of = (pod: string, container: string) => {
    const found = podOf(recording, pod).spec.containers.find(({ name }) => name === container);
    return mebibytes(found?.resources.limits?.memory ?? '');
  };
  return {
    beside: of('StatefulSet postgres', 'pgbackrest'),
    repository: podOf(recording, 'Deployment pgbackrest-repository').spec.containers.map(({ resources }) =>
      mebibytes(resources.limits?.memory ?? ''),
    )[0],
    job: podOf(recording, 'CronJob dr-daily').spec.containers.map(({ resources }) =>
      mebibytes(resources.limits?.memory ?? ''),
    )[0],
  };
};

test('sixteen processes have what they were seen to need, and 260 MiB is more than the limit of four', async () => {
  const [four, sixteen] = [await record('local'), await record('local', { backups: { processes: 16 } })];
  expect(limits(four)).toEqual({ beside: 256, repository: 256, job: 1024 });
  expect(limits(sixteen)).toEqual({ beside: 416, repository: 416, job: 1600 });
  const texts = JSON.stringify(sixteen.map(({ inputs }) => inputs));
  expect(texts).toContain('[global:restore]\\nprocess-max=16');
  expect(texts).toContain('processes: 16');
});
