/** Asks IAM's own questions of the policies that a recording declares, by an evaluator that other people keep. */
import { anonymousPrincipal, type EvaluationResult, runSimulation, type Simulation } from '@cloud-copilot/iam-simulate';

type Document = { readonly Statement: readonly unknown[] };

export const ACCOUNT = '123456789012';
export const EVERYTHING: Document = JSON.parse(
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
) as Document;

export interface Caller {
  /** ARN; absent: a request without a signature. */
  readonly arn?: string;
  /** The role's own policy. */
  readonly policy?: Document;
}

export interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** Over TLS, unless `context` says otherwise. Throws for a call that IAM does not know: a typo is no denial. */
export async function ask(caller: Caller, call: Call, resourcePolicy?: Document): Promise<EvaluationResult> {
  const { arn, policy } = caller;
  const everything = [{ orgIdentifier: 'root', policies: [{ name: 'FullAWSAccess', policy: EVERYTHING }] }];
  const simulation: Simulation = {
    request: {
      principal: arn ?? anonymousPrincipal,
      action: call.action,
      resource: { resource: call.resource, accountId: ACCOUNT },
      contextVariables: {
        'aws:SecureTransport': 'true',
        ...(arn === undefined ? {} : { 'aws:PrincipalArn': arn, 'aws:PrincipalAccount': ACCOUNT }),
        ...call.context,
      },
    },
    identityPolicies: policy === undefined ? [] : [{ name: 'own', policy }],
    serviceControlPolicies: arn === undefined || !arn.startsWith('arn:') ? [] : everything,
    resourceControlPolicies: [],
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
  };
  const answer = await runSimulation(simulation, {});
  if (answer.resultType === 'error') throw new Error(`${call.action}: ${JSON.stringify(answer.errors)}`);
  if (answer.resultType === 'single') {
    const { ignoredContextKeys = [] } = answer.result;
    // A condition that was never looked at would prove nothing.
    const ignored = ignoredContextKeys.filter((key) => key in (call.context ?? {}));
    if (ignored.length > 0) throw new Error(`${call.action} knows no ${ignored.join(', ')}`);
  }
  return answer.overallResult;
}
