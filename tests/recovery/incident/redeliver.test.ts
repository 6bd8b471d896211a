/** The monitor tries a message again that did not arrive: while it is news, ever more rarely, and nobody gets it twice. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { productionPlan as plan } from '../../../plan/production.ts';
import type { Environment } from '../../../recovery/config/environment.ts';
import { openSite } from '../../../recovery/config/site.ts';
import type { IncidentEvent } from '../../../recovery/incident/events.ts';
import { openIncidents } from '../../../recovery/incident/incidents.ts';
import { deliverAgain, dueAgain } from '../../../recovery/incident/redeliver.ts';
import { withSmallSite } from '../../faults/small-site.ts';
import { http } from './doubles.ts';
import { DECLARED, incidentFrom, later } from './incident-fixture.ts';

const environment = {
  incident: { channels: { slack: { type: 'slack', webhook: { env: 'X' }, timeoutSeconds: 5 } }, testChannels: {} },
} as unknown as Environment;
const site = { plan, environment };
const message: IncidentEvent = { type: 'message', template: 'initial', title: 't', text: 't' };
const slack = (state: 'failed' | 'delivered'): IncidentEvent => ({
  type: 'delivery',
  message: 'e1',
  channel: 'slack',
  state,
});

test('after 5 minutes, then after as long again, for a day; by hand stays by hand', () => {
  const due = (minutes: number, ...tries: (readonly [number, IncidentEvent])[]) =>
    dueAgain(site, incidentFrom([[0, DECLARED], [0, message], ...tries]), later(minutes)) !== undefined;
  const failed = [0, slack('failed')] as const;
  expect([due(4, failed), due(5, failed)]).toEqual([false, true]);
  // Killed before it was tried.
  expect([due(4), due(5)]).toEqual([false, true]);
  const [again, third] = [
    [5, slack('failed')],
    [10, slack('failed')],
  ] as const;
  expect([due(9, failed, again), due(10, failed, again)]).toEqual([false, true]);
  expect([due(19, failed, again, third), due(20, failed, again, third)]).toEqual([false, true]);
  expect(due(25 * 60, failed)).toBe(false);
  expect(due(60, failed, [5, slack('delivered')])).toBe(false);
  expect(
    dueAgain(
      { plan, environment: {} as Environment },
      incidentFrom([
        [0, DECLARED],
        [0, message],
      ]),
      later(60),
    ),
  ).toBe(undefined);
  // An update has overtaken it.
  const update = [30, { ...message, template: 'update' } as IncidentEvent] as const;
  expect(due(31, failed, update)).toBe(false);
});

test('a chat that was away gets it from the monitor, once', async () => {
  const chat = await http({ status: 500 }, { status: 500 }, { status: 500 }, { status: 200 });
  const other = await http({ status: 200 });
  await withSmallSite(
    {
      workloads: ['uploads'],
      edit: (given, { paths }) => {
        const webhook = (name: string) =>
          ({ type: 'slack', webhook: { file: join(paths.root, name) }, timeoutSeconds: 5 }) as const;
        const channels = { slack: webhook('slack-url'), tracker: webhook('tracker-url') };
        return { ...given, incident: { channels, testChannels: {} } };
      },
    },
    async ({ dr, envFile, paths }) => {
      await writeFile(join(paths.root, 'slack-url'), chat.url, { mode: 0o600 });
      await writeFile(join(paths.root, 'tracker-url'), other.url, { mode: 0o600 });
      const declare = ['--scenario', 'human-error', '--severity', 'P2', '--eta', 'soon', '--impact', 'no uploads'];
      await dr(3, 'incident', 'declare', ...declare);
      const open = await openSite(envFile);
      const now = new Date();
      expect(await deliverAgain(open, 'monitor', now)).toEqual([]);
      const soon = new Date(now.getTime() + 6 * 60_000);
      const [again] = await deliverAgain(open, 'monitor', soon);
      expect(again?.result.deliveries).toMatchObject([{ channel: 'slack', state: 'delivered' }]);
      expect(await deliverAgain(open, 'monitor', new Date(soon.getTime() + 3_600_000))).toEqual([]);
      expect([chat.got.length, other.got.length]).toEqual([4, 1]);
      const [incident] = (await openIncidents(open)).all();
      expect(incident?.messages.at(-1)?.deliveries.get('slack')?.state).toBe('delivered');
      // What people pass on is theirs.
      expect(incident?.messages.at(-1)?.deliveries.get('phone')?.state).toBe('by-hand');
    },
  );
});
