/** The rules as policies of the engine. */
import type { Policies, ReportViolation, ResourceValidationArgs, StackValidationArgs } from '@pulumi/policy';
import { declaredPlan } from './effective-plan.ts';
import { fromEngine } from './from-engine.ts';
import { OVERRIDES_SCHEMA, parseAccepted, sift } from './overrides.ts';
import { type Breach, breaches, message, type Rule } from './rule.ts';

type Policy = Policies[number];

/** What was let through in this run, for the last policy to say. */
type LetThrough = string[];

function said(rule: Rule, breach: Breach): string {
  const { resource } = breach;
  return resource === undefined ? message(rule, breach) : `${message(rule, breach)} (resource ${resource})`;
}

function report(
  rule: Rule,
  found: readonly Breach[],
  config: unknown,
  letThrough: LetThrough,
  violation: (text: string, resource: string | undefined) => void,
): void {
  const { refused, accepted } = sift(found, parseAccepted(config));
  for (const breach of refused) violation(said(rule, breach), breach.resource);
  letThrough.push(...accepted.map(({ breach, reason }) => `${said(rule, breach)}, accepted: ${reason}`));
}

/** Only when there is one of that name: Kubernetes objects of different kinds share theirs. */
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
      const resources = args.resources.map((resource) => fromEngine(resource, false));
      const found = breaches(rule, { resources, plan: declaredPlan(resources).plan });
      report(rule, found, args.getConfig(), letThrough, (text, resource) => violation(text, urnOf(args, resource)));
    },
  };
}

/**
 * The engine shows to remediations alone which values are secret, so each resource is judged there, changed by nothing, and what was
 * found is reported by the validation that follows. At another level than `remediate` no remediation is run, and a Secret counts as
 * plain text: a rule must not be blinded by a setting.
 */
function resourcePolicy(rule: Extract<Rule, { over: 'resource' }>, letThrough: LetThrough): Policy {
  const judged = new Map<string, readonly Breach[]>();
  return {
    name: rule.id,
    description: rule.holds,
    configSchema: OVERRIDES_SCHEMA,
    enforcementLevel: 'remediate',
    remediateResource: (args: ResourceValidationArgs) => {
      judged.set(args.urn, rule.check(fromEngine(args, true)));
    },
    validateResource: (args: ResourceValidationArgs, violation: ReportViolation) => {
      const found = judged.get(args.urn) ?? rule.check(fromEngine(args, false));
      report(rule, found, args.getConfig(), letThrough, (text) => violation(text));
    },
  };
}

/** Seen in each preview for as long as it is accepted. */
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
