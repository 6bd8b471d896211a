/** One way to break a recorded good stack, and what the rule must say of it. */
import type { Resource } from '../../../infra/policy/resource.ts';
import { changed, without } from './declared.ts';

export interface BadCase {
  readonly rule: string;
  readonly title: string;
  broken(resources: readonly Resource[]): Resource[];
  /** Part of the message; the plan's line is in it. */
  readonly says: string;
  readonly line: string;
}

/** A case that changes the inputs of some resources. */
export const change = (
  rule: string,
  title: string,
  match: Parameters<typeof changed>[1],
  edit: Parameters<typeof changed>[2],
  says: string,
  line: string,
): BadCase => ({ rule, title, broken: (resources) => changed(resources, match, edit), says, line });

export const removal = (
  rule: string,
  title: string,
  match: Parameters<typeof without>[1],
  says: string,
  line: string,
): BadCase => ({
  rule,
  title,
  broken: (resources) => without(resources, match),
  says,
  line,
});
