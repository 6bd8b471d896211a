/** Turns the rules into policies of the engine. */
import type { Policies, ReportViolation, ResourceValidationArgs, StackValidationArgs } from '@pulumi/policy';
import { declaredPlan } from './effective-plan.ts';
import { fromEngine } from './from-engine.ts';
import { OVERRIDES_SCHEMA, parseAccepted, sift } from './overrides.ts';
import { type Breach, breaches, message, type Rule } from './rule.ts';

type Policy = Policies[number];

/** Accepted breaches of this run. The last policy reports them. */
type LetThrough = string[];

function said(rule: Rule, breach: Breach): string {
  const { resource } = breach;
  return resource === undefined ? message(rule, breach) : `${message(rule, breach)} (resource ${resource})`;
}

interface Judged {
  readonly rule: Rule;
  readonly found: readonly Breach[];
  readonly config: unknown;
  readonly letThrough: LetThrough;
}

/** @param violation called once for each breach that the config doesn't accept */
function report(
  { rule, found, config, letThrough }: Judged,
  violation: (text: string, resource: string | undefined) => void,
): void {
  const { refused, accepted } = sift(found, parseAccepted(config));
  for (const breach of refused) violation(said(rule, breach), breach.resource);
  letThrough.push(...accepted.map(({ breach, reason }) => `${said(rule, breach)}, accepted: ${reason}`));
}

/** Undefined where several resources have that name, because Kubernetes objects of different kinds may share one. */
function urnOf({ resources }: StackValidationArgs, name: string | undefined): string | undefined {
  const named = resources.filter((resource) => resource.name === name);
  return named.length === 1 ? named[0]?.urn : undefined;
}

function stackPolicy(rule: Rule, letThrough: LetThrough): Policy {
  return {
    name: rule.id,
    description: rule.holds,
    configSchema: OVERRIDES_SCHEMA,
    validateStack: (args: StackValidationArgs, violation: ReportViolation) => {
      const resources = args.resources.map((resource) => fromEngine(resource, 'validation'));
      const found = breaches(rule, { resources, plan: declaredPlan(resources).plan });
      report({ rule, found, config: args.getConfig(), letThrough }, (text, resource) =>
        violation(text, urnOf(args, resource)),
      );
    },
  };
}

/**
 * Only a remediation sees which values are secret. So the remediation checks each resource without a change, and the validation that
 * follows reports the breaches. At another level than `remediate` the engine runs no remediation, and every Secret counts as plain
 * text: a setting must not turn a rule off.
 */
function resourcePolicy(rule: Extract<Rule, { over: 'resource' }>, letThrough: LetThrough): Policy {
  const judged = new Map<string, readonly Breach[]>();
  return {
    name: rule.id,
    description: rule.holds,
    configSchema: OVERRIDES_SCHEMA,
    enforcementLevel: 'remediate',
    remediateResource: (args: ResourceValidationArgs) => {
      judged.set(args.urn, rule.check(fromEngine(args, 'remediation')));
    },
    validateResource: (args: ResourceValidationArgs, violation: ReportViolation) => {
      const found = judged.get(args.urn) ?? rule.check(fromEngine(args, 'validation'));
      report({ rule, found, config: args.getConfig(), letThrough }, (text) => violation(text));
    },
  };
}

/** Each preview shows every accepted breach. */
function acceptedPolicy(letThrough: LetThrough): Policy {
  return {
    name: 'accepted-breaches',
    description: 'Breaches that the policy config accepts, with their reasons.',
    enforcementLevel: 'advisory',
    validateStack: (_: StackValidationArgs, violation: ReportViolation) => {
      for (const text of letThrough.splice(0)) violation(text);
    },
  };
}

export function policiesOf(rules: readonly Rule[]): Policy[] {
  const letThrough: LetThrough = [];
  const policies = rules.map((rule) =>
    rule.over === 'stack' ? stackPolicy(rule, letThrough) : resourcePolicy(rule, letThrough),
  );
  return [...policies, acceptedPolicy(letThrough)];
}
