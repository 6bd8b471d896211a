/** Log groups of the dead man's switches: they share a prefix, and only rules with that prefix may write to them. */
import type { Account } from '../names.ts';
import { type PolicyDocument, policyOf, type Statement } from '../policy-document.ts';

/** EventBridge writes only to log groups below this prefix. */
const GROUPS = '/aws/events';

export function arrivalLog(title: string): string {
  return `${GROUPS}/${title}`;
}

export interface ArrivalLogFacts extends Account {
  readonly region: string;
  /** All titles begin with it. */
  readonly prefix: string;
}

/** One policy for each region, because an account may have only ten. */
export function arrivalLogPolicy({ account, partition, region, prefix }: ArrivalLogFacts): PolicyDocument {
  const groups = `arn:${partition}:logs:${region}:${account}:log-group:${arrivalLog(prefix)}-*`;
  const allow = (Sid: string, Action: string, Resource: string): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
    Action,
    Resource,
  });
  return policyOf([
    allow('Stream', 'logs:CreateLogStream', `${groups}:*`),
    {
      ...allow('Events', 'logs:PutLogEvents', `${groups}:*:*`),
      Condition: { ArnLike: { 'aws:SourceArn': `arn:${partition}:events:${region}:${account}:rule/${prefix}-*` } },
    },
  ]);
}
