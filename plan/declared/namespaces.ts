/** The namespaces of a platform's stack: which it makes, and which are there already. Pure. */
import { z } from 'zod';

export interface Namespaces {
  /** PostgreSQL and Redis; the services too, unless the platform has namespaces of its own. */
  readonly platform: string;
  /** Jobs, repositories and the monitor. It outlives the platform's namespace, which a recovery may delete. */
  readonly recovery: string;
  /** Namespaces of the platform that the stack neither makes nor changes. Empty where it makes `platform`. */
  readonly existing: readonly string[];
}

/** The config key `namespaces`. */
export interface NamespacesKey {
  /** A name: the stack makes the namespace. */
  readonly platform?: string | { readonly existing: readonly string[] } | undefined;
  /** Of PostgreSQL and Redis, beside existing namespaces. */
  readonly stores?: string | undefined;
  readonly recovery?: string | undefined;
}

export const DEFAULT_NAMESPACES = { platform: 'go-coffee', recovery: 'go-coffee-dr' } as const;

export function namespacesOf({
  platform = DEFAULT_NAMESPACES.platform,
  stores,
  recovery = DEFAULT_NAMESPACES.recovery,
}: NamespacesKey): Namespaces {
  if (typeof platform === 'string') return { platform, recovery, existing: [] };
  return { platform: stores ?? `${recovery}-stores`, recovery, existing: platform.existing };
}

const keySchema = z.object({
  platform: z.union([z.string(), z.object({ existing: z.array(z.string()).min(1) })]).optional(),
  stores: z.string().optional(),
  recovery: z.string().optional(),
});

/** @param key `namespaces` of a config that only a preview checks: another form counts as absent */
export function readNamespaces(key: unknown): Namespaces {
  return namespacesOf(keySchema.catch({}).parse(key));
}

/** Where the services are. */
export function serviceNamespaces({ platform, existing }: Omit<Namespaces, 'recovery'>): readonly string[] {
  return existing.length === 0 ? [platform] : existing;
}

/** Where the platform's data and services are. */
export function platformNamespaces({ platform, existing }: Omit<Namespaces, 'recovery'>): readonly string[] {
  return [platform, ...existing];
}

export function allNamespaces({ platform, recovery, existing }: Namespaces): readonly string[] {
  return [platform, recovery, ...existing];
}
