/** What the answers of a host's programs mean. */
import { describe, expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { dataMounts } from '../../../../recovery/setup/host/mounts.ts';
import { configFileIn } from '../../../../recovery/setup/host/prometheus.ts';
import { addressIn } from '../../../../recovery/setup/host/redis.ts';
import { parseUnits, runningUnits } from '../../../../recovery/setup/host/units.ts';
import { fakePath } from '../../../fake-path.ts';
import { withFolder } from '../../../platform.ts';

const SHOWN = `Id=shop.service
FragmentPath=/etc/systemd/system/shop.service
WorkingDirectory=/srv/shop
StateDirectory=shop shop/cache
ReadWritePaths=-/srv/shop/uploads /
BindPaths=/data/static:/srv/static:rbind

Id=cron.service
FragmentPath=/lib/systemd/system/cron.service
WorkingDirectory=~
StateDirectory=
ReadWritePaths=
BindPaths=
`;

describe('units of systemd', () => {
  test('their folders, by the property that names each', () => {
    expect(parseUnits(SHOWN)).toEqual([
      {
        name: 'shop.service',
        own: true,
        folders: [
          { path: '/srv/shop', property: 'WorkingDirectory' },
          { path: '/var/lib/shop', property: 'StateDirectory' },
          { path: '/var/lib/shop/cache', property: 'StateDirectory' },
          { path: '/srv/shop/uploads', property: 'ReadWritePaths' },
          { path: '/data/static', property: 'BindPaths' },
        ],
      },
      { name: 'cron.service', own: false, folders: [] },
    ]);
  });

  test('where systemd runs and does not answer, that is an error; where it does not run, there are none', async () => {
    await using path = await fakePath();
    await path.add('systemctl', 'Failed to connect to bus', 1);
    const run = makeRun(silentLog);
    expect(await runningUnits(run, '/nowhere/systemd')).toEqual([]);
    await withFolder(async (booted) => {
      await expect(runningUnits(run, booted)).rejects.toMatchObject({ code: 'ENGINE-FAILED' });
      const list = "echo 'shop.service loaded active running Shop'";
      await path.script('systemctl', `if [ "$1" = list-units ]; then ${list}; else echo '${SHOWN}'; fi`);
      expect((await runningUnits(run, booted)).map(({ name }) => name)).toEqual(['shop.service', 'cron.service']);
    });
  });
});

test.each([
  ['redis-server *:6379', '127.0.0.1:6379'],
  ['redis-server 10.0.0.5:6380 [cluster]', '10.0.0.5:6380'],
  ['redis-server unixsocket:/run/redis/redis.sock', '/run/redis/redis.sock'],
  ['redis-server /etc/redis/redis.conf', undefined],
])('a Redis with the title "%s" listens at %s', (title, address) => {
  expect(addressIn(title)).toBe(address);
});

test.each([
  [['prometheus', '--config.file=/etc/prometheus/prometheus.yml'], '/etc/prometheus/prometheus.yml'],
  [['prometheus', '--config.file', '/srv/p.yml'], '/srv/p.yml'],
  [['prometheus', '--config.file=prometheus.yml'], undefined],
  [['prometheus'], undefined],
])('%j reads %s', (argv, file) => {
  expect(configFileIn(argv)).toBe(file);
});

test('file systems with data, not those of the system', () => {
  const mounts = [
    '/dev/vda1 / ext4 rw 0 0',
    'proc /proc proc rw 0 0',
    '/dev/vda2 /boot ext4 rw 0 0',
    '/dev/vdb /srv/data\\040one xfs rw 0 0',
    'nas:/x /srv/nas nfs4 rw 0 0',
    'tmpfs /srv/tmp tmpfs rw 0 0',
    'lxcfs /var/lib/lxcfs fuse.lxcfs rw 0 0',
  ];
  expect(dataMounts(mounts.join('\n'))).toEqual([
    { path: '/srv/data one', type: 'xfs' },
    { path: '/srv/nas', type: 'nfs4' },
  ]);
});
