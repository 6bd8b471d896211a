/** Where users are led, by the config and by the switch; what a promotion leaves as it is. */
import * as aws from '@pulumi/aws';
import { describe, expect, test } from 'vitest';
import { switchCommands, TrafficRecords } from '../../../infra/aws/traffic.ts';
import { complaints } from '../config/stack-config.ts';
import { type Recording, recordProgram } from '../recording.ts';
import { named, ofType, recordAws } from './aws-recording.ts';

const traffic = {
  zoneId: 'Z0123456789EXAMPLE',
  names: ['api.go-coffee.com', 'www.go-coffee.com'],
  primary: 'entrance.us-east-1.go-coffee.com',
  standby: 'entrance.eu-west-1.go-coffee.com',
  healthPath: '/health',
  environment: 'production',
  region: 'eu-west-1',
  topicArn: 'arn:topic',
};

const records = (active?: 'primary' | 'standby'): Promise<Recording> =>
  recordProgram(
    () => {
      const provider = new aws.Provider('aws', { region: 'eu-west-1' });
      new TrafficRecords('traffic', { ...traffic, active }, { provider });
    },
    { stack: 'dr' },
  );

const targetOf = (recording: Recording, place: string): unknown =>
  named(recording, 'route53/record:Record', `api.go-coffee.com-${place}`).inputs;
const checkOf = (recording: Recording, name: string) =>
  named(recording, 'route53/healthCheck:HealthCheck', `traffic-${name}`).inputs;

describe('at rest', () => {
  test('the names lead to the first site, until the switch is moved', async () => {
    const recording = await records();
    expect(ofType(recording, 'route53/record:Record')).toHaveLength(4);
    expect(targetOf(recording, 'active')).toMatchObject({
      zoneId: 'Z0123456789EXAMPLE',
      name: 'api.go-coffee.com',
      type: 'CNAME',
      failoverRoutingPolicies: [{ type: 'PRIMARY' }],
      records: ['entrance.us-east-1.go-coffee.com'],
      healthCheckId: 'traffic-switch-id',
    });
    // Without a check it always counts as healthy: where the switch leads to must answer.
    expect(targetOf(recording, 'passive')).toMatchObject({ records: ['entrance.eu-west-1.go-coffee.com'] });
    expect(targetOf(recording, 'passive')).not.toHaveProperty('healthCheckId');
    expect(checkOf(recording, 'primary')).toMatchObject({
      type: 'HTTPS',
      fqdn: 'entrance.us-east-1.go-coffee.com',
      resourcePath: '/health',
      disabled: false,
      invertHealthcheck: false,
    });
  });

  test('the switch is a metric in the second region, whose silence changes nothing', async () => {
    const recording = await records();
    const [alarm] = ofType(recording, 'cloudwatch/metricAlarm:MetricAlarm');
    expect(alarm?.inputs).toMatchObject({
      region: 'eu-west-1',
      namespace: 'go-coffee-dr',
      metricName: 'TrafficMoved',
      dimensions: { Environment: 'production' },
      statistic: 'Maximum',
      threshold: 1,
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      treatMissingData: 'ignore',
      // Whoever moves them, people hear of it.
      alarmActions: ['arn:topic'],
      okActions: ['arn:topic'],
    });
    expect(checkOf(recording, 'switch')).toMatchObject({
      type: 'CLOUDWATCH_METRIC',
      cloudwatchAlarmName: 'go-coffee-dr-production-traffic-moved',
      cloudwatchAlarmRegion: 'eu-west-1',
      insufficientDataHealthStatus: 'LastKnownStatus',
    });
    const { toStandby, toPrimary } = switchCommands(traffic);
    expect(toStandby).toBe(
      'aws cloudwatch put-metric-data --region eu-west-1 --namespace go-coffee-dr --metric-name TrafficMoved ' +
        '--dimensions Environment=production --value 1',
    );
    expect(toPrimary).toMatch(/--value 0$/);
  });
});

test('a promotion declares the same records: it needs nothing of Route 53 on the day when its control plane is gone', async () => {
  const of = async (role: string) => {
    const recording = await recordAws('dr', { role });
    return recording.outputs.trafficSwitch;
  };
  expect(await of('primary')).toEqual(await of('standby'));
  expect(await of('standby')).toMatchObject({ toStandby: expect.stringContaining('--region eu-west-1') });
});

test('made permanent, the names lead to the standby’s entrance, and a first site that comes back pulls nobody back', async () => {
  const recording = await records('standby');
  expect(targetOf(recording, 'active')).toMatchObject({
    failoverRoutingPolicies: [{ type: 'PRIMARY' }],
    records: ['entrance.eu-west-1.go-coffee.com'],
    healthCheckId: 'traffic-standby-id',
  });
  expect(targetOf(recording, 'passive')).toMatchObject({ healthCheckId: 'traffic-primary-id' });
  // It counts as unhealthy, whatever it answers.
  expect(checkOf(recording, 'primary')).toMatchObject({ disabled: true, invertHealthcheck: true });
  expect(checkOf(recording, 'standby')).toMatchObject({ disabled: false, invertHealthcheck: false });
});

test('that changes values of records, and neither their names nor their kind', async () => {
  const shape = (recording: Recording) =>
    Object.fromEntries(
      ofType(recording, 'route53/record:Record').map(({ name, inputs }) => {
        const { records: _, healthCheckId: __, ...rest } = inputs;
        return [name, rest];
      }),
    );
  expect(shape(await records('standby'))).toEqual(shape(await records('primary')));
});

const withNames = (names: readonly string[], zoneName?: string) => {
  const { environment: _, region: __, topicArn: ___, ...given } = traffic;
  return { traffic: { ...given, names, ...(zoneName === undefined ? {} : { zoneName }) } };
};

test.each([
  [
    'a registered name',
    withNames(['www.go-coffee.com', 'go-coffee.com']),
    'traffic.names.1',
    '"go-coffee.com" is the apex',
  ],
  ['one below a country’s ending', withNames(['go-coffee.co.uk']), 'traffic.names.0', 'is the apex of its zone'],
  [
    'the zone itself',
    withNames(['shop.go-coffee.com'], 'shop.go-coffee.com'),
    'traffic.names.0',
    'is the apex of its zone',
  ],
  [
    'another zone’s name',
    withNames(['www.go-tea.com'], 'go-coffee.com'),
    'traffic.names.0',
    'is not in the zone go-coffee.com',
  ],
])('refused: %s', async (_, config, path, fact) => {
  const message = await complaints('dr', { config });
  expect(message).toContain(`DR-CONFIG ${path}`);
  expect(message).toContain(fact);
});
