/** A rule: a pure check of one resource or of a whole stack, and the line of the written plan that the rule guards. */
import type { Plan } from '../../plan/types.ts';
import type { Resource } from './resource.ts';

/** A line of the written recovery plan, version 1.0. */
export interface PlanLine {
  /** `106` or `49–52` */
  readonly line: string;
  /** The text of the line. */
  readonly says: string;
}

export interface Breach {
  /** Pulumi's name of the resource; undefined where the resource is missing. */
  readonly resource?: string | undefined;
  /** The fact with the actual value, and what the plan wants. */
  readonly found: string;
  /** @default the line of the rule */
  readonly breaks?: PlanLine;
}

export interface Stack {
  readonly resources: readonly Resource[];
  /** The effective plan, which includes the stack's overrides. */
  readonly plan: Plan;
}

interface Guard {
  /** It is also the policy's name. */
  readonly id: string;
  /** A sentence that must be true. */
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

/** Every breach of a rule in a stack, for rules over one resource and over the whole stack. */
export function breaches(rule: Rule, stack: Stack): readonly Breach[] {
  return rule.over === 'stack' ? rule.check(stack) : stack.resources.flatMap((resource) => rule.check(resource));
}
