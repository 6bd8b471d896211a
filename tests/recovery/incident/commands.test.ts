/** `dr incident` on a site without engines: exercises, tests of the channels, a resolve that was killed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadPlan } from '../../../plan/load.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { channelTests } from '../../../recovery/incident/channel-tests.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { readRecords } from '../../../recovery/records/store.ts';
import { dr } from '../../cli/run-dr.ts';
import { scratch } from '../../scratch.ts';
import { makeSite } from '../config/site-fixture.ts';
import { http } from './doubles.ts';

type Doubles = Record<'real' | 'test' | 'dead', Awaited<ReturnType<typeof http>>>;

async function siteWith(): Promise<{
  site: Site;
  run: (...args: string[]) => ReturnType<typeof dr>;
  doubles: Doubles;
}> {
  const folder = await scratch();
  const bare = await makeSite(folder);
  const doubles = {
    real: await http({ status: 200 }),
    test: await http({ status: 200 }),
    dead: await http({ status: 403 }),
  };
  const slack = async (name: keyof Doubles) => {
    await writeFile(join(folder, name), `${doubles[name].url}/services/x`, { mode: 0o600 });
    return { type: 'slack' as const, webhook: { file: join(folder, name) }, timeoutSeconds: 5 };
  };
  const incident = {
    channels: { slack: await slack('real'), ops: await slack('dead') },
    testChannels: { slack: await slack('test') },
  };
  const environment = { ...bare.environment, incident };
  const file = join(folder, 'dr.yaml');
  await writeFile(file, stringify(environment));
  const site = { ...bare, environment, plan: await loadPlan(undefined) };
  return { site, run: (...args) => dr(args, { DR_ENV: file, PASSPHRASE: 'secret' }), doubles };
}

test('an exercise goes to the test channels alone, and everything says so', async () => {
  const { run, doubles } = await siteWith();
  const declare = [
    'incident',
    'declare',
    '--scenario',
    'human-error',
    '--severity',
    'P2',
    '--impact',
    'none',
    '--eta',
    'soon',
  ];
  const planned = await run(...declare, '--exercise', '--dry-run');
  expect(planned).toMatchObject({
    exit: 0,
    stdout: expect.stringMatching(/^\[EXERCISE\] INCIDENT ALERT[\s\S]*slack \(slack\)$/),
  });
  expect(await run(...declare, '--exercise')).toMatchObject({ exit: 0 });
  expect(doubles.real.got).toHaveLength(0);
  expect(doubles.test.got).toHaveLength(1);
  expect(JSON.parse(doubles.test.got[0]?.body ?? '').text).toMatch(/^\[EXERCISE\] /);
  // A real one beside it: now two are open, and one must be named.
  expect(await run(...declare)).toMatchObject({
    exit: 3,
    stdout: expect.stringContaining('dr incident delivered support'),
  });
  expect(doubles.real.got).toHaveLength(1);
  expect(await run('incident', 'status')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('INCIDENT-SEVERAL'),
  });
  const { stdout } = await run('incident', 'list', '-o', 'json');
  const { incidents } = JSON.parse(stdout);
  expect(incidents.map(({ exercise }: { exercise: boolean }) => exercise)).toEqual([false, true]);
});

test('test-channels: each is tried, marked, and when it worked is kept', async () => {
  const { site, run, doubles } = await siteWith();
  const { exit, stdout } = await run('incident', 'test-channels');
  expect({ exit, stdout }).toMatchObject({
    exit: 3,
    stdout: expect.stringMatching(/ops .*FAILED .*never worked .*HTTP 403/),
  });
  expect(JSON.parse(doubles.real.got[0]?.body ?? '').text).toMatch(/^\[TEST\] /);
  const tests = channelTests(site, (await openIncidents(site)).records);
  expect(tests.find(({ channel, section }) => channel === 'slack' && section === 'channels')).toMatchObject({
    configured: true,
    lastWorked: expect.any(String),
    lastTest: { ok: true },
  });
  expect((await readRecords(site)).records).toMatchObject([
    {
      about: 'proof',
      id: 'channels',
      result: 'failed',
      note: expect.stringMatching(/^reached: slack, slack; not reached: ops; told by hand: .*phone/),
    },
  ]);
  const ops = tests.find(({ channel }) => channel === 'ops');
  expect(ops).toMatchObject({ configured: true, lastTest: { ok: false } });
  expect(ops?.lastWorked).toBeUndefined();
  expect(tests.find(({ channel }) => channel === 'phone')).toEqual({
    channel: 'phone',
    section: 'channels',
    title: 'Phone',
    configured: false,
  });
  expect(await run('incident', 'test-channels', '--channel', 'slak')).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('"slack"'),
  });
});

test('a resolve that was killed goes on: the message is sent and the follow-ups are set once', async () => {
  const { site, run, doubles } = await siteWith();
  const incidents = await openIncidents(site);
  const now = new Date(Date.now() - 60_000);
  const declared = {
    scenario: 'human-error',
    severity: 'P1',
    severityFrom: 'given',
    impact: 'x',
    exercise: false,
  } as const;
  const { id } = await incidents.declare(declared, { by: 'ann', now });
  // What a kill leaves right after the first event.
  const resolved = { type: 'resolved', services: 'Uploads', rootCause: 'A script', resolution: 'Restored' } as const;
  await incidents.append(id, resolved, { by: 'ann', now: new Date() });
  expect(await run('incident', 'resolve')).toMatchObject({
    exit: 3,
    stdout: expect.stringContaining(`resolved ${id}`),
  });
  const text = JSON.parse(doubles.real.got[0]?.body ?? '').blocks[0].text.text;
  expect(text).toContain('The incident affecting Uploads has been resolved.');
  const { followUps } = (await openIncidents(site)).get(id);
  expect(followUps).toHaveLength(site.plan.postRecovery.flatMap(({ actions }) => actions).length);
  expect(await run('incident', 'resolve')).toMatchObject({ exit: 2, stderr: expect.stringContaining('INCIDENT-NONE') });
  expect(doubles.real.got).toHaveLength(1);
  // A command does it, and must succeed; a person may say what came of it.
  expect(
    await run('incident', 'follow-ups', 'done', 'immediate-3', '--by', 'Ada', '--result', 'checked'),
  ).toMatchObject({ exit: 0 });
  const failed = await run('incident', 'follow-ups', 'done', 'immediate-3', '--by', 'Ada');
  expect(failed).toMatchObject({ exit: 1, stderr: expect.stringContaining('FOLLOW-UP-FAILED dr verify --deep') });
  const done = (await openIncidents(site)).get(id).followUps.find((each) => each.id === 'immediate-3')?.done;
  expect(done).toMatchObject({ person: 'Ada', result: 'checked' });
});

test('what the declaration says of the severity, the status says too; typing another one ends the doubt', async () => {
  const { run } = await siteWith();
  const declared = await run('incident', 'declare', '--scenario', 'human-error', '--impact', 'none', '--eta', 'soon');
  expect(declared.stdout).toContain('P1 (assumed: no damage was measured)');
  const [, id = ''] = /(inc-\S+):/.exec(declared.stdout) ?? [];
  const before = await run('incident', 'status');
  expect(before.stdout).toContain('human-error, P1 (assumed: no damage was measured), Investigating');
  expect(before.stdout + declared.stdout).not.toContain('nobody could look');
  expect((await run('incident', 'update', '--severity', 'P2', '--text', 'x', '--no-send')).exit).toBe(0);
  expect((await run('incident', 'status')).stdout).toContain('human-error, P2, Investigating');
  // Who ran it is an account of a host, and no process.
  expect((await run('incident', 'delivered', 'phone')).exit).toBe(0);
  expect((await run('incident', 'show', id)).stdout).not.toMatch(/ pid \d/);
});

test('a check of the post-mortem writes nothing, and a text beside it is refused', async () => {
  const { site, run } = await siteWith();
  const declared = await run('incident', 'declare', '--scenario', 'human-error', '--impact', 'none', '--eta', 'soon');
  const [, id = ''] = /(inc-\S+):/.exec(declared.stdout) ?? [];
  const before = (await openIncidents(site)).get(id).happened.length;
  const refused = await run('incident', 'post-mortem', id, '--check', '--lessons', 'Test the failover');
  expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining('--lessons means nothing beside it') });
  expect(await run('incident', 'post-mortem', id, '--check')).toMatchObject({ exit: 3 });
  expect((await openIncidents(site)).get(id).happened).toHaveLength(before);
});

test('a follow-up that there is none of is refused with those there are', async () => {
  const { run } = await siteWith();
  await run('incident', 'declare', '--scenario', 'human-error', '--impact', 'none', '--eta', 'soon');
  const none = await run('incident', 'follow-ups', 'done', '99');
  expect(none).toMatchObject({ exit: 2, stderr: expect.stringContaining('`dr incident resolve` sets them') });
  await run('incident', 'resolve', '--root-cause', 'x', '--resolution', 'y');
  const unknown = await run('incident', 'follow-ups', 'done', '99');
  expect(unknown.stderr).toMatch(/"99" is not a follow-up of inc-.* One of: immediate-1, /);
  expect(unknown.stderr).toMatch(/type a number from 1 to \d+ or an id/);
});
