/** Who is told in an incident of a stack: as in dr.yaml, and each secret only where the pod of an incident finds it. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { channelPorts, incidentChannels, incidentSchema } from '../../../infra/config/channels.ts';
import { OBJECTS } from '../../../infra/jobs/dr-pod.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { kubernetesObjects } from '../manifests-of.ts';
import { record } from '../recording.ts';

const SECRETS = [
  'https://hooks.slack.test/T/B/s3cret',
  'smtp-s3cret',
  'page-s3cret',
  'https://hook.test/s3cret',
  'hmac-s3cret',
];
const [webhook, password, token, url, secret] = SECRETS;
const INCIDENT = {
  channels: {
    slack: { type: 'slack', webhook },
    email: { type: 'email', host: 'smtp.test', port: 2525, user: 'dr', password, from: 'dr@example.com' },
    'status-page': { type: 'statuspage', page: 'abc', token, api: 'https://status.test:8443' },
    tracker: { type: 'webhook', url, secret },
  },
  testChannels: { slack: { type: 'slack', webhook } },
};

test('secrets become files, and all the rest is what dr.yaml takes', () => {
  const { section, files } = incidentChannels(incidentSchema.parse(INCIDENT));
  expect(files).toEqual({
    'channels-slack-webhook': webhook,
    'channels-email-password': password,
    'channels-status-page-token': token,
    'channels-tracker-url': url,
    'channels-tracker-secret': secret,
    'testChannels-slack-webhook': webhook,
  });
  expect(section.channels.email).toMatchObject({
    password: { file: '/run/go-coffee-dr/channels/channels-email-password' },
    tls: 'starttls',
  });
  for (const each of SECRETS) expect(JSON.stringify(section)).not.toContain(each);
  expect(channelPorts({ section })).toEqual([2525, 8443]);
});

test.each([
  ['a field that is missing', { slack: { type: 'slack' } }, 'channels.slack.webhook'],
  [
    'a page without https',
    { page: { ...INCIDENT.channels['status-page'], api: 'http://status.test' } },
    'channels.page.api',
  ],
  ['an unknown field', { slack: { type: 'slack', webhook, room: '#x' } }, 'channels.slack'],
  ['an unknown type', { slack: { type: 'fax', webhook } }, 'channels.slack.type'],
])('%s is refused where it is, without its value', (_, channels, where) => {
  const { error } = incidentSchema.safeParse({ channels });
  expect(error?.issues.map(({ path }) => path.join('.'))).toContain(where);
  expect(JSON.stringify(error?.issues)).not.toContain('s3cret');
});

test('the stack gives each secret to one Secret, names it in dr.yaml, and opens the ports', async () => {
  const recorded = await record('production', { incident: INCIDENT });
  const objects = kubernetesObjects(recorded).map(({ manifest }) => manifest as unknown as Made);
  const holding = objects.filter((each) => SECRETS.some((one) => JSON.stringify(each).includes(one)));
  expect(holding.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([`Secret ${OBJECTS.channels}`]);
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === OBJECTS.environment);
  const { incident } = environmentSchema.parse(parse(map?.data?.['dr.yaml'] ?? ''));
  expect(Object.keys(incident?.channels ?? {})).toEqual(['slack', 'email', 'status-page', 'tracker']);
  const policy = objects.find(({ metadata }) => metadata.name === 'reach-alerting');
  expect(JSON.stringify(policy)).toContain('"port":2525');
  const resource = recorded.find(({ inputs }) => (inputs as Partial<Made>).metadata?.name === OBJECTS.channels);
  expect(resource?.secrets).toContain('stringData');
});

interface Made {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}
