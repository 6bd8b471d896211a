/**
 * Offers the plan's pod security to namespaces that are there: the level is enforced where no pod of today breaks it, and otherwise only
 * warned of and recorded. The API server says which pods would break, before anything changes.
 */
import { DrError, precondition } from '../core/errors.ts';
import { isRecord, parseJson } from '../core/json.ts';
import { type Levels, MODES, type Mode, type NamespaceLevels, type PodSecurity } from '../kubernetes/pod-security.ts';

const LEVEL = 'restricted';

export interface NamespaceOffer {
  readonly namespace: string;
  /** What it enforces now; undefined: the cluster's default. */
  readonly level: string | undefined;
  /** `web-1 (and 2 other pods): runAsNonRoot != true`: what would not start again. */
  readonly breaks: readonly string[];
  /** Why the server could not tell of all pods. */
  readonly unclear: string | undefined;
  /** `strict`: nothing is to do. `warn`: only warnings and audit records, because something breaks or is unclear. */
  readonly offer: 'strict' | 'enforce' | 'warn';
}

const HEADLINE = /^existing pods in namespace .* violate the new PodSecurity enforce level/;
/** As the server groups them by reason. */
const POD = /^[a-z0-9.-]+(?: \(and \d+ other pods?\))?: /;

/** Changes nothing. Throws `NAMESPACE-MISSING` (exit 6). */
async function offerFor(cluster: PodSecurity, namespace: string): Promise<NamespaceOffer> {
  const { levels } = await levelsOf(cluster, namespace);
  const level = levels.enforce;
  if (MODES.every((mode) => levels[mode] === LEVEL))
    return { namespace, level, breaks: [], unclear: undefined, offer: 'strict' };
  const { warnings } = await cluster.set(namespace, { levels: { enforce: LEVEL } }, { dryRun: true });
  const breaks = warnings.filter((line) => POD.test(line));
  // It looks at a few thousand pods and for a second, may not see them, or leaves the namespace out: all of that is no "nothing breaks".
  const unclear = warnings.find((line) => !POD.test(line) && !HEADLINE.test(line));
  const offer = warnings.length > 0 ? 'warn' : 'enforce';
  return { namespace, level, breaks, unclear, offer };
}

async function levelsOf(cluster: PodSecurity, namespace: string): Promise<NamespaceLevels> {
  const found = await cluster.read(namespace);
  if (found !== undefined) return found;
  throw precondition({
    code: 'NAMESPACE-MISSING',
    where: cluster.describe,
    fact: `there is no namespace ${namespace}`,
    hint: 'pulumi stack output namespaces shows those of the stack; name others with --namespace',
  });
}

export async function planHardening(cluster: PodSecurity, namespaces: readonly string[]): Promise<NamespaceOffer[]> {
  const offers: NamespaceOffer[] = [];
  for (const namespace of namespaces) offers.push(await offerFor(cluster, namespace));
  return offers;
}

/** What was there before stays in an annotation, also when it is done twice. */
export async function harden(cluster: PodSecurity, offers: readonly NamespaceOffer[]): Promise<void> {
  for (const { namespace, offer } of offers) {
    if (offer === 'strict') continue;
    const { levels, before } = await levelsOf(cluster, namespace);
    const modes: readonly Mode[] = offer === 'enforce' ? MODES : ['audit', 'warn'];
    const stricter = Object.fromEntries(modes.map((mode) => [mode, LEVEL]));
    await cluster.set(namespace, { levels: stricter, before: before ?? JSON.stringify(levels) });
  }
}

export interface Undone {
  readonly namespace: string;
  /** The levels that are back; undefined where `dr` had changed none. */
  readonly levels: Levels | undefined;
}

/** Back to the levels that were there before `dr harden`. */
export async function undoHardening(cluster: PodSecurity, namespaces: readonly string[]): Promise<Undone[]> {
  const undone: Undone[] = [];
  for (const namespace of namespaces) {
    const { before } = await levelsOf(cluster, namespace);
    if (before === undefined) {
      undone.push({ namespace, levels: undefined });
      continue;
    }
    const levels = readBefore(before, namespace);
    const all = Object.fromEntries(MODES.map((mode) => [mode, levels[mode] ?? null]));
    await cluster.set(namespace, { levels: all, before: null });
    undone.push({ namespace, levels });
  }
  return undone;
}

const LEVELS = ['privileged', 'baseline', 'restricted'];

function readBefore(text: string, namespace: string): Levels {
  const json = parseJson(text);
  const isLevels = (value: unknown): value is Levels =>
    isRecord(value) &&
    Object.entries(value).every(
      ([mode, level]) => MODES.some((known) => known === mode) && LEVELS.some((known) => known === level),
    );
  if (isLevels(json)) return json;
  throw new DrError({
    code: 'HARDENING-UNKNOWN',
    where: `namespace ${namespace}`,
    fact: `its annotation go-coffee-dr/pod-security-before does not say what was there: ${text.slice(0, 200)}`,
    hint: `set the labels by hand: kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=… --overwrite`,
  });
}
