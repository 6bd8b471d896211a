/** Whatever runs `dr` on a host is found, and nothing else is touched. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { drLines, findSchedule, stopCommands } from '../../../../recovery/setup/leave/schedule.ts';
import { scratch } from '../../../scratch.ts';

test.each([
  ['0 2 * * * root dr backup --kind full --env /etc/go-coffee-dr/dr.yaml', true],
  ['0 2 * * * root /usr/local/bin/dr --env /srv/dr.yaml verify', true],
  ['0 2 * * * root cd /opt/go-coffee-dr && npm run -s dr -- objectives', true],
  ['# 0 2 * * * root dr backup', false],
  ['PATH=/opt/dr backup', false],
  ['0 2 * * * root /usr/bin/mydr backup', false],
  ['0 2 * * * root pg_dump backup', false],
])('%s: %s', (line, runs) => {
  expect(drLines(line)?.lines).toEqual(runs ? [1] : undefined);
});

async function hostWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await scratch();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

test('a file of its own goes, of a shared one only its lines, a unit with its timer', async () => {
  const root = await hostWith({
    'etc/cron.d/go-coffee-dr': 'PATH=/bin\n0 2 * * * root dr backup --kind full\n',
    'etc/crontab': '0 1 * * * root updatedb\n0 5 * * * root dr verify\n',
    'etc/systemd/system/dr-monitor.service': '[Service]\nExecStart=/usr/local/bin/dr monitor --serve\n',
    'etc/systemd/system/dr-monitor.timer': '[Timer]\nOnCalendar=hourly\n',
    'etc/systemd/system/shop.service': '[Service]\nExecStart=/usr/bin/shop\n',
  });
  const { value = [] } = await findSchedule(root);
  const folder = join(root, 'etc/systemd/system');
  expect(stopCommands(value)).toEqual([
    `sed -i.before-leaving '2d' ${join(root, 'etc/crontab')}`,
    `rm ${join(root, 'etc/cron.d/go-coffee-dr')}`,
    'systemctl disable --now dr-monitor.timer dr-monitor.service',
    `rm ${folder}/dr-monitor.timer`,
    `rm ${folder}/dr-monitor.service`,
    'systemctl daemon-reload',
  ]);
});

test('a host without any of it has no schedule; a file that can’t be read is a question without an answer', async () => {
  expect(await findSchedule(await hostWith({}))).toEqual({ value: [] });
  const root = await hostWith({ etc: 'no folder' });
  expect(await findSchedule(root)).toEqual({ value: [] });
  const looped = await hostWith({ 'etc/x': '' });
  await symlink('crontab', join(looped, 'etc/crontab'));
  expect((await findSchedule(looped)).unanswered).toMatchObject({ about: 'schedule', code: 'PATH-UNCLEAR' });
});
