/** Who is told of what, by which region, and after how long. */
import { beforeAll, expect, test } from 'vitest';
import { pointSilences, walSilence, windowOf } from '../../../infra/aws/alarms/silences.ts';
import { worstCaseRpo } from '../../../plan/objectives.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Recording } from '../recording.ts';
import { named, ofType, recordAws } from './aws-recording.ts';
import { ask } from './policy-simulator.ts';

let production: Recording;
beforeAll(async () => {
  production = await recordAws('production');
});

const ALARM = 'cloudwatch/metricAlarm:MetricAlarm';
const RULE = 'cloudwatch/eventRule:EventRule';
const GIB = 1024 ** 3;

const seconds = ({ inputs }: ReturnType<typeof named>) => Number(inputs.period) * Number(inputs.evaluationPeriods);

test.each([
  ['primary', 'us-east-1', 'go-coffee-backups'],
  ['secondary', 'eu-west-1', 'go-coffee-backups-eu-west-1'],
])('silence in %s is an alarm of %s', (id, region, bucket) => {
  const limits = { points: 3600, full: 26 * 3600, wal: 360 };
  for (const [what, limit] of Object.entries(limits)) {
    const alarm = named(production, ALARM, `${id}-${what}-alarm`);
    const rule = named(production, RULE, `${id}-${what}-rule`);
    const target = named(production, 'cloudwatch/eventTarget:EventTarget', `${id}-${what}-target`);
    const log = named(production, 'cloudwatch/logGroup:LogGroup', `${id}-${what}-log`);
    expect(alarm.inputs).toMatchObject({
      region,
      namespace: 'AWS/Logs',
      metricName: 'IncomingLogEvents',
      dimensions: { LogGroupName: log.inputs.name },
      comparisonOperator: 'LessThanThreshold',
      threshold: 1,
      treatMissingData: 'breaching',
      datapointsToAlarm: alarm.inputs.evaluationPeriods,
      alarmActions: [`arn:aws:sns:${region}:123456789012:go-coffee-dr-production-us-east-1`],
    });
    expect(seconds(alarm), what).toBe(limit);
    // The rule writes into the very log that is watched.
    expect(target.inputs).toMatchObject({ rule: rule.inputs.name });
    expect(target.inputs.arn).toContain(log.inputs.name);
    expect(JSON.parse(String(rule.inputs.eventPattern))).toMatchObject({
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: { bucket: { name: [bucket] } },
    });
    const access = named(production, 'cloudwatch/logResourcePolicy:LogResourcePolicy', `${region}-logs`);
    expect(target.dependsOn).toContain(access.urn);
  }
  const notification = named(production, 's3/bucketNotification:BucketNotification', `${id}-notification`);
  expect(notification.inputs).toMatchObject({ eventbridge: true });
});

test('what is waited for are keys of the layout', () => {
  const keys = Object.fromEntries(
    [...pointSilences(productionPlan), walSilence(productionPlan, 'us-east-1', 3)].map((each) => [
      each?.id,
      each?.keys,
    ]),
  );
  expect(keys).toEqual({
    points: 'production/catalog/v1/points/*',
    full: 'production/catalog/v1/points/*-full-*',
    wal: 'production/pgbackrest/us-east-1-3/archive/go-coffee/*',
  });
});

test('no silence is shorter than what the schedules may take, else every day would be an alarm', () => {
  const [points] = pointSilences(productionPlan);
  const fastest = Math.min(...worstCaseRpo(productionPlan).map((row) => row.seconds));
  expect(points?.seconds).toBeGreaterThan(fastest);
  const slower = { ...productionPlan.schedules[0], cron: '0 2 * * 0' } as (typeof productionPlan.schedules)[number];
  const weekly = { ...productionPlan, schedules: [slower, ...productionPlan.schedules.slice(1)] };
  const [, full] = pointSilences(weekly);
  // A week, 90 minutes, and the copy: more than CloudWatch looks back.
  expect(full?.seconds).toBe(7 * 86_400 + 90 * 60 + 600);
  expect(windowOf(full?.seconds ?? 0)).toBeUndefined();
});

test.each([
  [59, { period: 60, evaluationPeriods: 1 }],
  [360, { period: 60, evaluationPeriods: 6 }],
  [3601, { period: 300, evaluationPeriods: 13 }],
  [86_401, { period: 3600, evaluationPeriods: 25 }],
  [604_800, { period: 3600, evaluationPeriods: 168 }],
])('%i s are waited for in the finest window that CloudWatch has', (length, window) => {
  expect(windowOf(length)).toEqual(window);
});

test('the size of a bucket against its budget, at the plan’s percentages', async () => {
  const recording = await recordAws('production', { storage: { budgetGiB: 200 } });
  for (const id of ['primary', 'secondary']) {
    expect(named(recording, ALARM, `${id}-size-warning`).inputs.threshold).toBe(160 * GIB);
    const critical = named(recording, ALARM, `${id}-size-critical`).inputs;
    expect(critical.threshold).toBe(190 * GIB);
    const queries = critical.metricQueries as { metric?: { dimensions: { StorageType: string } } }[];
    expect(queries.flatMap(({ metric }) => metric?.dimensions.StorageType ?? [])).toEqual([
      'StandardStorage',
      'StandardIAStorage',
      'GlacierInstantRetrievalStorage',
    ]);
  }
});

test('replication: late copies where they arrive, failed ones where they come from', () => {
  const late = named(production, ALARM, 'primary-evidence-behind').inputs;
  expect(late).toMatchObject({ region: 'eu-west-1', threshold: 900, treatMissingData: 'notBreaching' });
  expect(named(production, ALARM, 'primary-evidence-failed').inputs).toMatchObject({
    region: 'us-east-1',
    threshold: 0,
  });
  expect(ofType(production, ALARM).filter(({ name }) => /(behind|failed)$/.test(name))).toHaveLength(12);
});

test('whoever touches settings, keys, the secret, the trail or the break-glass role is heard in both regions', () => {
  for (const region of ['us-east-1', 'eu-west-1']) {
    for (const id of ['settings', 'key', 'secret', 'trail', 'break-glass']) {
      const rule = named(production, RULE, `alarms-${region}-${id}`);
      expect(rule.inputs.state).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS');
      const target = named(production, 'cloudwatch/eventTarget:EventTarget', `alarms-${region}-${id}-target`);
      expect(target.inputs.arn).toBe(`arn:aws:sns:${region}:123456789012:go-coffee-dr-production-us-east-1`);
    }
  }
  const pattern = (id: string) => String(named(production, RULE, `alarms-us-east-1-${id}`).inputs.eventPattern);
  for (const call of [
    'DeleteBucketPolicy',
    'PutBucketVersioning',
    'PutBucketLifecycle',
    'PutBucketObjectLockConfiguration',
    'PutBucketRequestPayment',
    'PutBucketInventoryConfiguration',
  ]) {
    expect(pattern('settings')).toContain(`"${call}"`);
  }
  expect(pattern('key')).toContain('"ScheduleKeyDeletion"');
  expect(pattern('break-glass')).toContain('role/go-coffee-dr-production-break-glass');
});

test('a topic a region, encrypted, for the plan’s e-mail channel and those of the config', async () => {
  const recording = await recordAws('production', { notifications: { email: ['night@example.com'] } });
  expect(ofType(recording, 'sns/topic:Topic').map(({ inputs }) => inputs.region)).toEqual(['us-east-1', 'eu-west-1']);
  for (const { inputs } of ofType(recording, 'sns/topic:Topic')) expect(inputs.kmsMasterKeyId).toBeDefined();
  const subscriptions = ofType(recording, 'sns/topicSubscription:TopicSubscription');
  expect(subscriptions.map(({ inputs }) => [inputs.region, inputs.endpoint])).toEqual(
    ['us-east-1', 'eu-west-1'].flatMap((region) => [
      [region, 'incident-team@go-coffee.com'],
      [region, 'night@example.com'],
    ]),
  );
});

test('only AWS speaks to a topic, and only of this account', async () => {
  const { policy } = named(production, 'sns/topicPolicy:TopicPolicy', 'topic-us-east-1-policy').inputs;
  const topic = 'arn:aws:sns:us-east-1:123456789012:go-coffee-dr-production-us-east-1';
  const publish = (arn: string, context: Record<string, string>) =>
    ask({ arn }, { action: 'sns:Publish', resource: topic, context }, JSON.parse(String(policy)));
  const of = (account: string) => ({
    'aws:SourceAccount': account,
    'aws:SourceArn': `arn:aws:cloudwatch:us-east-1:${account}:alarm:any`,
  });
  expect(await publish('cloudwatch.amazonaws.com', of('123456789012'))).toBe('Allowed');
  expect(await publish('cloudwatch.amazonaws.com', of('999999999999'))).not.toBe('Allowed');
  const rule = { 'aws:SourceArn': 'arn:aws:events:us-east-1:123456789012:rule/any' };
  expect(await publish('events.amazonaws.com', rule)).toBe('Allowed');
  expect(await publish('lambda.amazonaws.com', of('123456789012'))).not.toBe('Allowed');
  expect(await publish('arn:aws:iam::999999999999:role/any', {})).not.toBe('Allowed');
});

test('Slack only by config, and it may only read', async () => {
  expect(ofType(production, 'chatbot/slackChannelConfiguration:SlackChannelConfiguration')).toEqual([]);
  const recording = await recordAws('production', { notifications: { slack: { teamId: 'T1', channelId: 'C1' } } });
  const [slack] = ofType(recording, 'chatbot/slackChannelConfiguration:SlackChannelConfiguration');
  expect(slack?.inputs).toMatchObject({ slackTeamId: 'T1', slackChannelId: 'C1', region: 'eu-west-1' });
  expect(slack?.inputs.guardrailPolicyArns).toEqual(['arn:aws:iam::aws:policy/AWSDenyAll']);
  expect(slack?.inputs.snsTopicArns).toHaveLength(2);
});

test('a stack that uses given buckets watches its own WAL, and only while it leads', async () => {
  const alarms = async (role: string) => ofType(await recordAws('dr', { role }), ALARM).map(({ name }) => name);
  expect(await alarms('standby')).toEqual([]);
  expect(await alarms('primary')).toEqual(['aws-alarms-secondary-wal-alarm']);
});
