/** The pod security level of a namespace: read, tried and set. The API server itself says which pods a level would refuse. */
import { CoreV1Api, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { ClusterAccess } from './access.ts';
import { callsOf, isAbsent } from './calls.ts';
import type { ApiCall } from './failure.ts';
import { FIELD_MANAGER } from './fields/patch.ts';

const PREFIX = 'pod-security.kubernetes.io';
export const MODES = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof MODES)[number];

/** Mode → level; absent: the cluster's own default. */
export type Levels = Readonly<Partial<Record<Mode, string>>>;

/** Holds the levels that were there before ours, as JSON. */
const BEFORE = 'go-coffee-dr/pod-security-before';

export interface NamespaceLevels {
  readonly levels: Levels;
  /** Those before `dr` changed them; undefined where it did not. */
  readonly before: string | undefined;
}

/** What the server answered to a change. */
export interface Tried {
  /** `web-1 (and 2 other pods): runAsNonRoot != true` */
  readonly warnings: readonly string[];
}

export interface PodSecurity {
  /** `context production (https://…)` */
  readonly describe: string;
  /** Undefined where there is no such namespace. */
  read(namespace: string): Promise<NamespaceLevels | undefined>;
  /** @param values `null` removes a label @param before `null` forgets it */
  set(namespace: string, values: Change, options?: { readonly dryRun?: boolean }): Promise<Tried>;
}

export interface Change {
  readonly levels: Readonly<Partial<Record<Mode, string | null>>>;
  readonly before?: string | null;
}

/** Texts of `Warning` headers, RFC 7234: `299 - "text"`, several joined by commas. */
function warningsOf(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1'),
  );
}

function labelsOf(levels: Change['levels']): Record<string, string | null> {
  return Object.fromEntries(Object.entries(levels).map(([mode, level]) => [`${PREFIX}/${mode}`, level]));
}

/** Makes no connection. Each call throws `KUBERNETES-…`. */
export function openPodSecurity(access: ClusterAccess, signal?: AbortSignal): PodSecurity {
  const call = callsOf(access, signal);
  const core = access.config.makeApiClient(CoreV1Api);
  return {
    describe: access.describe,
    async read(name) {
      const asked: ApiCall = { verb: 'get', resource: `namespaces ${name}` };
      const found = await call(asked, () => core.readNamespace({ name }), isAbsent);
      if (found === undefined) return undefined;
      const level = (mode: Mode) => found.metadata?.labels?.[`${PREFIX}/${mode}`];
      const known = MODES.map((mode) => [mode, level(mode)] as const).filter(([, value]) => value !== undefined);
      return { levels: Object.fromEntries(known), before: found.metadata?.annotations?.[BEFORE] };
    },
    async set(name, { levels, before }, { dryRun = false } = {}) {
      const annotations = before === undefined ? {} : { annotations: { [BEFORE]: before } };
      const body = { metadata: { labels: labelsOf(levels), ...annotations } };
      const asked: ApiCall = { verb: 'patch', resource: `namespaces ${name}` };
      const answer = await call(asked, () =>
        core.patchNamespaceWithHttpInfo(
          { name, body, fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) },
          setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
        ),
      );
      return { warnings: warningsOf(answer?.headers.warning) };
    },
  };
}
