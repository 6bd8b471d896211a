/** What `dr` needs of each engine. The set-up script reads the same file before npm packages are installed. */
import table from './engines.json' with { type: 'json' };

export type EngineName = keyof typeof table;

export interface EngineFacts {
  readonly title: string;
  /** What it is needed for. */
  readonly why: string;
  readonly versionArgs: readonly string[];
  readonly minimum: string;
  /** Older ones work, with a known fault. */
  readonly recommended?: { readonly version: string; readonly reason: string };
  readonly packages?: Readonly<Record<'apt' | 'dnf' | 'brew', readonly string[]>>;
  /** Built by `go install` where no distribution has it. */
  readonly goModule?: string;
}

const facts: Readonly<Record<EngineName, EngineFacts>> = table;

export function engineFacts(name: EngineName): EngineFacts {
  return facts[name];
}
