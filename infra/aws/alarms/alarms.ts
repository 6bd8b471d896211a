/**
 * Alarms from outside of the cluster. Alarms of a region go to the topic of that region. The stack that owns the buckets watches both
 * regions. A stack that only uses them has one topic, in its home region, and watches its own WAL there.
 */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../../plan/types.ts';
import type { BucketSpec } from '../../config/buckets.ts';
import type { Notifications, Role } from '../../config/types.ts';
import type { Account } from '../names.ts';
import type { AlarmTopic } from '../topic.ts';
import { arrivalLogPolicy } from './arrival-log.ts';
import { Chat } from './chat.ts';
import { DeadMansSwitch } from './dead-mans-switch.ts';
import { type MetricRule, replicationMetricRules, sizeRules } from './metrics.ts';
import { changes } from './patterns.ts';
import { pointSilences, type Silence, walSilence, windowOf } from './silences.ts';

export interface AlarmsArgs extends Account {
  readonly plan: Plan;
  readonly site: string;
  readonly generation: number;
  readonly role: Role;
  /** Whether this stack owns the buckets. */
  readonly owner: boolean;
  /** The buckets to watch: all of them for the owner, otherwise those in the home region. */
  readonly buckets: readonly BucketSpec[];
  /** By region: one for the region of each bucket. */
  readonly topics: Readonly<Record<string, AlarmTopic>>;
  readonly budgetGiB: number;
  readonly breakGlassRoleArn: string;
  readonly notifications: Notifications;
}

/** Prefix of all fixed names, so that two stacks in one account don't collide. */
export function alarmPrefix({ environment }: Plan, site: string): string {
  return `go-coffee-dr-${environment}-${site}`;
}

export class Alarms extends pulumi.ComponentResource {
  readonly #name: string;
  readonly #args: AlarmsArgs;

  constructor(name: string, args: AlarmsArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:alarms:Alarms', name, {}, opts);
    this.#name = name;
    this.#args = args;
    this.#silences();
    if (args.owner) {
      this.#metrics();
      this.#changes();
    }
    this.#chat();
    this.registerOutputs({});
  }

  #topic(region: string): AlarmTopic {
    const topic = this.#args.topics[region];
    if (topic === undefined) throw new RangeError(`no topic in ${region}`);
    return topic;
  }

  #silences(): void {
    const { plan, site, generation, role, owner, buckets, topics } = this.#args;
    const wal = role === 'primary' ? walSilence(plan, site, generation) : undefined;
    const silences: Silence[] = [...(owner ? pointSilences(plan) : []), ...(wal === undefined ? [] : [wal])];
    if (silences.length === 0) return;
    const logAccess = Object.fromEntries(Object.keys(topics).map((region) => [region, this.#logAccess(region)]));
    for (const { id, bucket, region } of buckets) {
      for (const silence of silences) {
        // CloudWatch can't watch a longer time than a week. Only the rule in the cluster covers longer silences.
        if (windowOf(silence.seconds) === undefined) continue;
        const title = `${alarmPrefix(plan, site)}-${id}-${silence.id}`;
        new DeadMansSwitch(
          `${this.#name}-${id}-${silence.id}`,
          { title, silence, bucket, topic: this.#topic(region), logAccess: logAccess[region] as pulumi.Resource },
          { parent: this },
        );
      }
    }
  }

  #logAccess(region: string): pulumi.Resource {
    const { plan, site, account, partition } = this.#args;
    const prefix = alarmPrefix(plan, site);
    const document = arrivalLogPolicy({ account, partition, region, prefix });
    return new aws.cloudwatch.LogResourcePolicy(
      `${this.#name}-${region}-logs`,
      { region, policyName: prefix, policyDocument: JSON.stringify(document) },
      { parent: this },
    );
  }

  #metrics(): void {
    const { plan, buckets, budgetGiB } = this.#args;
    const [first, second] = buckets;
    const replicated =
      first && second
        ? [
            ...replicationMetricRules(plan.environment, first, second),
            ...replicationMetricRules(plan.environment, second, first),
          ]
        : [];
    const rules = [...buckets.flatMap((spec) => sizeRules(plan, spec, budgetGiB)), ...replicated];
    for (const rule of rules) this.#metric(rule);
  }

  #metric({ id, description, region, metrics, evaluationPeriods, threshold, missing }: MetricRule): void {
    const { plan, site } = this.#args;
    const topic = this.#topic(region);
    const parts = metrics.map(({ dimensions, ...metric }, n) => ({
      id: `m${n}`,
      metric: { ...metric, dimensions: { ...dimensions } },
      returnData: false,
    }));
    new aws.cloudwatch.MetricAlarm(
      `${this.#name}-${id}`,
      {
        region,
        name: `${alarmPrefix(plan, site)}-${id}`,
        alarmDescription: description,
        // An empty storage class has no metric. The sum of the existing metrics does not wait for it.
        metricQueries: [{ id: 'total', expression: 'SUM(METRICS())', label: id, returnData: true }, ...parts],
        evaluationPeriods,
        comparisonOperator: 'GreaterThanThreshold',
        threshold,
        treatMissingData: missing,
        alarmActions: [topic.arn],
        okActions: [topic.arn],
      },
      { parent: this, dependsOn: [topic.policy] },
    );
  }

  #changes(): void {
    const { plan, site, topics, buckets, breakGlassRoleArn } = this.#args;
    const news = changes({ environment: plan.environment, buckets, breakGlassRoleArn });
    for (const [region, topic] of Object.entries(topics)) {
      for (const { id, title, pattern } of news) {
        const name = `${this.#name}-${region}-${id}`;
        const rule = new aws.cloudwatch.EventRule(
          name,
          {
            region,
            name: `${alarmPrefix(plan, site)}-${id}`,
            description: title,
            eventPattern: JSON.stringify(pattern),
            // CloudTrail counts AssumeRole as a read-only event: without this setting such events do not arrive.
            state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
          },
          { parent: this },
        );
        new aws.cloudwatch.EventTarget(
          `${name}-target`,
          // The unchanged event, because the chat service shows only AWS events, not custom text.
          { region, rule: rule.name, targetId: 'people', arn: topic.arn },
          { parent: this, dependsOn: [topic.policy] },
        );
      }
    }
  }

  #chat(): void {
    const { plan, site, topics, notifications, account, partition } = this.#args;
    if (notifications.slack === undefined) return;
    const title = alarmPrefix(plan, site);
    const args = { title, account, partition, topics: Object.values(topics), ...notifications.slack };
    new Chat(`${this.#name}-chat`, args, { parent: this });
  }
}
