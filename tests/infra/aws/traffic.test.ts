/** Where users are led, by role; what a change of role changes, and what it leaves. */
import * as aws from '@pulumi/aws';
import { expect, test } from 'vitest';
import { TrafficRecords } from '../../../infra/aws/traffic.ts';
import type { Role } from '../../../infra/config/types.ts';
import { type Recording, recordProgram } from '../recording.ts';
import { named, ofType } from './aws-recording.ts';

const traffic = {
  zoneId: 'Z0123456789EXAMPLE',
  names: ['api.go-coffee.com', 'www.go-coffee.com'],
  primary: 'entrance.us-east-1.go-coffee.com',
  standby: 'entrance.eu-west-1.go-coffee.com',
  healthPath: '/health',
};

const records = (role: Role, follows: boolean): Promise<Recording> =>
  recordProgram(
    () => {
      const provider = new aws.Provider('aws', { region: 'eu-west-1' });
      new TrafficRecords('traffic', { ...traffic, role, follows }, { provider });
    },
    { stack: 'dr' },
  );

const targetOf = (recording: Recording, place: string): unknown =>
  named(recording, 'route53/record:Record', `api.go-coffee.com-${place}`).inputs;
const checkOf = (recording: Recording, entrance: string) =>
  named(recording, 'route53/healthCheck:HealthCheck', `traffic-${entrance}`).inputs;

test('a standby leaves the names with the first site', async () => {
  const recording = await records('standby', true);
  expect(ofType(recording, 'route53/record:Record')).toHaveLength(4);
  expect(targetOf(recording, 'active')).toMatchObject({
    zoneId: 'Z0123456789EXAMPLE',
    name: 'api.go-coffee.com',
    type: 'CNAME',
    failoverRoutingPolicies: [{ type: 'PRIMARY' }],
    records: ['entrance.us-east-1.go-coffee.com'],
    healthCheckId: 'traffic-primary-id',
  });
  expect(targetOf(recording, 'passive')).toMatchObject({ records: ['entrance.eu-west-1.go-coffee.com'] });
  expect(checkOf(recording, 'primary')).toMatchObject({
    type: 'HTTPS',
    fqdn: 'entrance.us-east-1.go-coffee.com',
    resourcePath: '/health',
    disabled: false,
    invertHealthcheck: false,
  });
});

test('the promotion leads them to the standby’s entrance, and never back by itself', async () => {
  const recording = await records('primary', true);
  expect(targetOf(recording, 'active')).toMatchObject({
    failoverRoutingPolicies: [{ type: 'PRIMARY' }],
    records: ['entrance.eu-west-1.go-coffee.com'],
    healthCheckId: 'traffic-standby-id',
  });
  // A site that comes back with old data counts as unhealthy, whatever it answers.
  expect(checkOf(recording, 'primary')).toMatchObject({ disabled: true, invertHealthcheck: true });
  expect(checkOf(recording, 'standby')).toMatchObject({ disabled: false, invertHealthcheck: false });
});

test('a promotion changes values of records, and neither their names nor their kind', async () => {
  const shape = (recording: Recording) =>
    Object.fromEntries(
      ofType(recording, 'route53/record:Record').map(({ name, inputs }) => {
        const { records: _, healthCheckId: __, ...rest } = inputs;
        return [name, rest];
      }),
    );
  const before = shape(await records('standby', true));
  expect(shape(await records('primary', true))).toEqual(before);
  // And back, for the failback.
  expect(targetOf(await records('standby', true), 'active')).toMatchObject({ records: [traffic.primary] });
});

test('a platform that follows nobody leads to itself', async () => {
  expect(targetOf(await records('primary', false), 'active')).toMatchObject({ records: [traffic.primary] });
});
