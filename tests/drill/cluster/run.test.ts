import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { planClusterDrill, runClusterDrill } from '../../../drill/cluster/run.ts';
import { drillMeasurements } from '../../../drill/report.ts';
import { EXIT } from '../../../recovery/core/errors.ts';
import { RESOURCES, scratch } from '../../recovery/rebuild/rebuild-fixture.ts';
import { backendOf, drillPorts, drillRequest, type Held, PIN, wellHeld } from './drill-fixture.ts';

const STACK = 'drill-20261125';

test('a successful drill passes, is measured, and leaves nothing', async () => {
  await using at = await scratch();
  const backend = backendOf();
  const ports = drillPorts(backend, at.stateDir, wellHeld());
  const { report, files, kept } = await runClusterDrill(drillRequest(at.stateDir), ports);
  expect(report.verification.filter(({ ok }) => !ok)).toEqual([]);
  expect(report).toMatchObject({
    kind: 'DrillReport',
    scenario: 'complete-failure',
    passed: true,
    exit: EXIT.ok,
    target: { repository: 'secondary', point: PIN.postgres.point },
    throughput: { bytesRestored: 31_000_000 },
  });
  expect(report.title).toContain('go-coffee-drill-20261125 of lab');
  expect(report.tiers.map(({ id, rto, rpo }) => [id, rto.met, rpo.met])).toEqual(
    ['P1', 'P2', 'P3', 'P4'].map((id) => [id, true, true]),
  );
  // Of the heartbeat, half a minute before; Redis has its snapshot of five minutes before.
  const [first, second] = report.tiers;
  expect(second?.rpo.measuredSeconds).toBeGreaterThanOrEqual(30);
  expect(second?.rpo.measuredSeconds).toBeLessThan(60);
  expect(first?.rpo.measuredSeconds).toBeGreaterThanOrEqual(300);
  expect([...backend.stacks.keys()]).toEqual(['production']);
  expect([...backend.cluster]).toEqual([]);
  expect(kept).toBeUndefined();
  expect(JSON.parse(await readFile(files.json, 'utf8'))).toMatchObject({ passed: true });
  expect(await readFile(files.html, 'utf8')).toContain('PASSED');
  expect(drillMeasurements(report).map(({ what, tier }) => [what, tier])).toContainEqual([
    'drill complete-failure',
    'P1',
  ]);
});

test('it makes its own isolated stack and namespaces from the drilled stack’s config', async () => {
  await using at = await scratch();
  const backend = backendOf();
  const ports = drillPorts(backend, at.stateDir, wellHeld());
  await runClusterDrill({ ...drillRequest(at.stateDir), keep: true }, ports);
  expect(backend.stacks.get(STACK)?.config).toMatchObject({
    role: { value: 'recovery' },
    site: { value: STACK },
    generation: { value: 1 },
    namespaces: { value: { platform: 'go-coffee-drill-20261125', recovery: 'go-coffee-drill-20261125-dr' } },
    cluster: { value: { context: 'lab' } },
    recovery: { value: { isolated: true, rotateSecrets: false, resolved: PIN } },
    secretValues: { secret: true },
  });
  expect(backend.stacks.get('production')?.state).toEqual(['x']);
});

type Spoil = (held: Held) => void;
const SPOILED: readonly (readonly [string, Spoil])[] = [
  ['canary rows', (held) => void held.canary?.splice(1, 1)],
  ['canary rows', (held) => void Object.assign(held.canary?.[0] ?? {}, { content: 'altered' })],
  [
    'canary rows',
    (held) => {
      held.canary = undefined;
    },
  ],
  [
    'tables hold their rows',
    (held) => {
      held.tables = [{ table: 'public.orders', rows: 49 }];
    },
  ],
  [
    'tables hold their rows',
    (held) => {
      held.tables = [{ table: 'public.others', rows: 100 }];
    },
  ],
  [
    'it is the database of the point',
    (held) => {
      held.settings.system = '7';
    },
  ],
  [
    'a drill archives nothing',
    (held) => {
      held.settings.archive_mode = 'on';
    },
  ],
  [
    'a drill archives nothing',
    (held) => {
      held.settings.subscribers = 1;
    },
  ],
  [
    'Redis holds its keys',
    (held) => {
      held.keys = 3;
    },
  ],
  [
    'no CronJob of a drill runs',
    (held) => {
      held.objects = held.objects.map((each) => ({ ...each, spec: each.kind === 'CronJob' ? {} : each.spec }));
    },
  ],
  [
    'nothing leads into a drill',
    (held) =>
      void held.objects.push({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's', namespace: 'go-coffee-drill-20261125' },
        spec: { type: 'NodePort' },
      }),
  ],
  [
    'nothing leads into a drill',
    (held) =>
      void held.objects.push({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'i', namespace: 'go-coffee-drill-20261125' },
      }),
  ],
  ['nothing leads out of a drill by default', (held) => void held.objects.shift()],
  ['what the drill made is gone', (held) => void held.left.push('go-coffee-drill-20261125')],
];

test.each(SPOILED)('%s: fails the drill by name, and it is still torn down', async (title, spoil) => {
  await using at = await scratch();
  const backend = backendOf();
  const held = wellHeld();
  spoil(held);
  const { report } = await runClusterDrill(drillRequest(at.stateDir), drillPorts(backend, at.stateDir, held));
  expect(report.verification.filter(({ ok }) => !ok).map((check) => check.title)).toEqual([title]);
  expect([report.exit, report.passed]).toEqual([EXIT.verificationFailed, false]);
  expect([...backend.stacks.keys()]).toEqual(['production']);
  expect(drillMeasurements(report)).toEqual([]);
});

test('old data misses the RPO', async () => {
  await using at = await scratch();
  const held = wellHeld();
  held.beat = 0;
  const ports = drillPorts(backendOf(), at.stateDir, held);
  const late = { ...ports, now: () => new Date('2026-11-25T22:05:00Z') };
  const { report } = await runClusterDrill(drillRequest(at.stateDir), late);
  expect(report.exit).toBe(EXIT.objectiveMissed);
  expect(report.tiers.find(({ id }) => id === 'P1')?.rpo).toMatchObject({ measuredSeconds: 7500, met: false });
});

test('a failed recovery is a result with a report, and is torn down', async () => {
  await using at = await scratch();
  const backend = backendOf(
    RESOURCES.map((each) => (each.name === 'auth' ? { ...each, refused: 'no such image' } : each)),
  );
  const { report } = await runClusterDrill(drillRequest(at.stateDir), drillPorts(backend, at.stateDir, wellHeld()));
  expect([report.exit, report.passed]).toEqual([EXIT.failure, false]);
  expect(report.verification.find(({ ok }) => !ok)?.actual).toContain('no such image');
  expect([...backend.cluster]).toEqual([]);
});

test('an unconfirmed drill leaves nothing, and neither does a failure in the middle', async () => {
  await using at = await scratch();
  const backend = backendOf();
  const ports = drillPorts(backend, at.stateDir, wellHeld());
  const no = new Error('no');
  const refused = runClusterDrill(drillRequest(at.stateDir), { ...ports, approve: () => Promise.reject(no) });
  await expect(refused).rejects.toBe(no);
  let asked = 0;
  const openCluster: typeof ports.openCluster = (place) => {
    asked += 1;
    return asked === 1 ? Promise.reject(no) : ports.openCluster(place);
  };
  const broken = runClusterDrill(drillRequest(at.stateDir), { ...ports, openCluster });
  await expect(broken).rejects.toBe(no);
  expect([...backend.stacks.keys()]).toEqual(['production']);
  expect([...backend.cluster]).toEqual([]);
  expect(existsSync(drillRequest(at.stateDir).reportFolder)).toBe(false);
});

test('an existing stack is refused, and other drills’ stacks are named', async () => {
  await using at = await scratch();
  const backend = backendOf();
  const ports = drillPorts(backend, at.stateDir, wellHeld());
  const mine = { ...drillRequest(at.stateDir), stack: 'production' };
  await expect(runClusterDrill(mine, ports)).rejects.toMatchObject({ code: 'STACK-EXISTS', exit: EXIT.locked });
  expect(backend.stacks.get('production')?.state).toEqual(['x']);
  await runClusterDrill({ ...drillRequest(at.stateDir), keep: true }, ports);
  const { report } = await runClusterDrill(drillRequest(at.stateDir), ports);
  expect(report.title).toContain('go-coffee-drill-20261125-2');
  expect(ports.told.find((line) => line.includes(`stack ${STACK} exists`))).toBeDefined();
  expect([...backend.stacks.keys()].sort()).toEqual([STACK, 'production']);
});

test('a dry run makes nothing', async () => {
  await using at = await scratch();
  const backend = backendOf();
  const plan = await planClusterDrill(drillRequest(at.stateDir), drillPorts(backend, at.stateDir, wellHeld()));
  expect(plan).toMatchObject({ stack: STACK, namespaces: { platform: 'go-coffee-drill-20261125' } });
  expect([...backend.stacks.keys()]).toEqual(['production']);
});
