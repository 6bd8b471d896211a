/** A rule: a pure check of one resource or of a whole stack, with the line of the written plan that it guards. */
import type { Plan } from '../../plan/types.ts';
import type { Resource } from './resource.ts';

/** A line of the written recovery plan, version 1.0. */
export interface PlanLine {
  /** `106` or `49–52` */
  readonly line: string;
  /** What stands there. */
  readonly says: string;
}

export interface Breach {
  /** Pulumi's name of the resource; undefined where one is missing. */
  readonly resource?: string | undefined;
  /** What was found, with the actual value, and what the plan wants. */
  readonly found: string;
  /** @default the rule's */
  readonly breaks?: PlanLine;
}

export interface Stack {
  readonly resources: readonly Resource[];
  /** The effective one: with the stack's overrides. */
  readonly plan: Plan;
}

interface Guard {
  /** Also the policy's name. */
  readonly id: string;
  /** What has to hold, as a sentence. */
  readonly holds: string;
  readonly breaks: PlanLine;
}

export type Rule =
  | (Guard & { readonly over: 'resource'; check(resource: Resource): readonly Breach[] })
  | (Guard & { readonly over: 'stack'; check(stack: Stack): readonly Breach[] });

/** `object-lock: … ; the plan's line 106 says "Retention: 90 days"` */
export function message(rule: Rule, { found, breaks = rule.breaks }: Breach): string {
  return `${rule.id}: ${found}; the plan's ${breaks.line.includes('–') ? 'lines' : 'line'} ${breaks.line} ${
    breaks.line.includes('–') ? 'say' : 'says'
  } "${breaks.says}"`;
}

/** Every breach of a rule in a stack, whatever the rule looks at. */
export function breaches(rule: Rule, stack: Stack): readonly Breach[] {
  return rule.over === 'stack' ? rule.check(stack) : stack.resources.flatMap((resource) => rule.check(resource));
}
