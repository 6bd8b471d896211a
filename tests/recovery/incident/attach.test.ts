/** Commands write themselves into the open incident, and never wait for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Site } from '../../../recovery/config/site.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { attach } from '../../../recovery/incident/attach.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { dr } from '../../cli/run-dr.ts';
import { scratch } from '../../scratch.ts';
import { makeSite } from '../config/site-fixture.ts';

const NOW = new Date('2026-11-23T02:00:00Z');
const DECLARED = { scenario: 'human-error', severity: 'P1', severityFrom: 'given', exercise: false } as const;
const options = (site: () => Promise<Site>) => ({
  site,
  line: 'dr restore --to latest',
  by: 'root@host pid 1',
  now: () => NOW,
  log: silentLog,
});

test('start, tiers, losses and end of one run', async () => {
  const site = await makeSite(await scratch());
  const { id } = await (await openIncidents(site)).declare(DECLARED, { by: 'ann', now: NOW });
  const attached = attach(options(async () => site));
  const back = new Date(NOW.getTime() + 60_000);
  attached.tell({ phase: 'tier', tier: 'P1', seconds: 60 }, back);
  attached.tell({ phase: 'lost', detail: 'postgres: 3s; postgres://app:hunter2@db/x' });
  attached.tell({ phase: 'end', exit: 0, detail: 'restored' });
  await attached.flush(5);
  expect((await openIncidents(site)).get(id).commands).toEqual([
    {
      run: expect.any(String),
      line: 'dr restore --to latest',
      by: 'root@host pid 1',
      startedAt: NOW.toISOString(),
      endedAt: NOW.toISOString(),
      exit: 0,
      summary: 'restored',
      tiers: [{ tier: 'P1', at: back.toISOString(), seconds: 60 }],
      lost: ['postgres: 3s; postgres://app:[secret]@db/x'],
    },
  ]);
});

test('without an open incident nothing is written', async () => {
  const site = await makeSite(await scratch());
  const attached = attach(options(async () => site));
  await attached.flush(5);
  expect((await openIncidents(site)).records.names()).toEqual([]);
});

test('a site that never opens, and one that can’t be opened, cost the given time at most and throw nothing', async () => {
  const hanging = attach(options(() => new Promise(() => {})));
  const began = performance.now();
  await hanging.flush(0.2);
  expect(performance.now() - began).toBeLessThan(20_000);
  const failing = attach(options(() => Promise.reject(new Error('no such file'))));
  await failing.flush(5);
});

test('dr assess attaches itself, dr points does not', async () => {
  const folder = await scratch();
  const { environment, ...site } = await makeSite(folder);
  const { id } = await (await openIncidents({ ...site, environment })).declare(DECLARED, {
    by: 'ann',
    now: new Date(),
  });
  const file = join(folder, 'dr.yaml');
  await writeFile(file, stringify(environment));
  const env = { DR_ENV: file, PASSPHRASE: 'secret' };
  await dr(['points'], env);
  const { exit, stderr } = await dr(['assess', '-o', 'json'], env);
  expect({ exit, stderr: stderr.includes('DR-') }).toEqual({ exit: 0, stderr: false });
  await dr(['restore', '--to', 'latest', '--confirm', 'production'], env);
  const { commands } = (await openIncidents({ ...site, environment })).get(id);
  expect(commands.map(({ line, exit: ended }) => [line, ended])).toEqual([
    ['dr assess', 0],
    ['dr restore --to latest --confirm production', undefined],
  ]);
  expect(commands[0]?.summary).toContain('confidence');
  expect(commands[1]?.failed).toContain('DR-');
});
