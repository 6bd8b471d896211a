/** Kinds that a cluster could not be asked for: the parts that would hold them fail, and no others. */
import { OBJECT_PARTS, type ObjectPart } from '../../../plan/types.ts';
import { DrError } from '../../core/errors.ts';
import { KubernetesAnswer } from '../../kubernetes/failure.ts';
import { kindName, type ResourceType } from '../../kubernetes/objects.ts';
import { partOf } from './parts.ts';

export interface UnreadKind {
  readonly type: ResourceType;
  readonly error: DrError;
}

/** Whether the server has answered for this one kind: its conversion webhook is down, it can't be listed, the account may not. */
function isOfKind(error: unknown): error is DrError {
  if (!(error instanceof DrError) || !(error.cause instanceof KubernetesAnswer)) return false;
  return error.code !== 'KUBERNETES-CREDENTIALS';
}

/** The account may not read it, or not there. */
export const isForbidden = (error: unknown): error is DrError =>
  isOfKind(error) && error.cause instanceof KubernetesAnswer && error.cause.status === 403;

/** Collects the kinds that fail. Everything else is a failure of the cluster, and thrown. */
export class UnreadKinds {
  readonly #found = new Map<string, UnreadKind>();
  /** Namespace → kind → what the account was told there. */
  readonly #forbidden = new Map<string, Map<string, UnreadKind>>();

  /**
   * @param fallback the answer for a kind that can't be read
   * @param namespace where it is asked for; the account may have rights in others
   */
  async read<T>(type: ResourceType, fallback: T, work: () => Promise<T>, namespace?: string): Promise<T> {
    const name = kindName(type);
    // A kind that fails once is not waited for again.
    if (this.#found.has(name)) return fallback;
    try {
      return await work();
    } catch (error) {
      if (!isOfKind(error)) throw error;
      if (namespace !== undefined && isForbidden(error)) {
        const kinds = this.#forbidden.get(namespace) ?? new Map<string, UnreadKind>();
        this.#forbidden.set(namespace, kinds.set(name, { type, error }));
      } else this.#found.set(name, { type, error });
      return fallback;
    }
  }

  /**
   * Why nothing of the namespace itself may be read; undefined where one of Kubernetes' first kinds (Services, Secrets …) may. Others are
   * often readable in the whole cluster.
   */
  closed(namespace: string, asked: readonly ResourceType[]): DrError | undefined {
    const kinds = this.#forbidden.get(namespace) ?? new Map<string, UnreadKind>();
    const first = asked.filter(({ group }) => group === '').map(kindName);
    return first.every((kind) => kinds.has(kind)) ? kinds.get(first[0] ?? '')?.error : undefined;
  }

  /** @param namespaces those that count: what is forbidden in a namespace that is left out as a whole fails no kind */
  of(namespaces: readonly string[]): UnreadKind[] {
    const forbidden = namespaces.flatMap((namespace) => [...(this.#forbidden.get(namespace) ?? [])]);
    return [...new Map([...forbidden, ...this.#found]).values()];
  }
}

/** Parts that may hold objects of the kind. */
function partsOf({ group, version, kind }: ResourceType): ObjectPart[] {
  // Labels decide whether a ConfigMap is monitoring's.
  if (group === '' && kind === 'ConfigMap') return ['configuration', 'monitoring'];
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const part = partOf({ apiVersion, kind, metadata: { name: '' } });
  return OBJECT_PARTS.filter((each) => each === part);
}

/** Throws `KINDS-UNREADABLE`: a part without all of its kinds would look complete. */
export function refuseUnread(part: ObjectPart, unread: readonly UnreadKind[]): void {
  const missing = unread.filter(({ type }) => partsOf(type).includes(part));
  const [first] = missing;
  if (first === undefined) return;
  throw new DrError({
    code: 'KINDS-UNREADABLE',
    where: first.error.where,
    fact: missing.map(({ type, error }) => `${kindName(type)}: ${error.fact}`).join('\n'),
    hint: `kubectl get ${first.type.plural}${first.type.group === '' ? '' : `.${first.type.group}`} -A; ${first.error.hint}`,
    cause: first.error,
  });
}
