/** Server-side apply of whole objects, as plain JSON: the client's own classes drop fields that they don't know. */
import { HttpMethod, IsomorphicFetchHttpLibrary, PatchStrategy, RequestContext } from '@kubernetes/client-node';
import { parseJson } from '../../core/json.ts';
import type { ClusterAccess } from '../access.ts';
import { readObject } from '../answers.ts';
import { callsOf } from '../calls.ts';
import { authenticate, pathOf } from '../cluster.ts';
import { type ApiCall, answerOf } from '../failure.ts';
import { fieldsOf, type KubeObject, kindName, listOf, type ResourceType, textOf } from '../objects.ts';
import { FIELD_MANAGER } from './patch.ts';

/** A field that somebody else owns with another value. */
export interface Conflict {
  /** `kubectl-edit`, `helm`, `kube-controller-manager` */
  readonly manager: string;
  /** `.spec.template.spec.containers[name="api"].image` */
  readonly field: string;
}

/** The object as it is then, or who keeps it from that. */
export type Applied =
  | { readonly object: KubeObject; readonly created: boolean }
  | { readonly conflicts: readonly Conflict[] };

export interface ApplyOptions {
  /** The server tries it, admission included, and keeps nothing. */
  readonly dryRun: boolean;
  /** Takes fields from their owners. */
  readonly force: boolean;
}

/** Writes into one cluster. Calls throw `KUBERNETES-…`; each may be repeated. */
export interface ObjectWriter extends AsyncDisposable {
  readonly describe: string;
  apply(type: ResourceType, object: KubeObject, options: ApplyOptions): Promise<Applied>;
  /**
   * Removes fields, where the object still is the one that was read.
   * @param pointers JSON pointers; of one list the last item first
   */
  remove(type: ResourceType, read: KubeObject, pointers: readonly string[]): Promise<KubeObject>;
  /** Gives up what `apply` took, where somebody else manages the object: whoever deploys it must be able to set it again. */
  release(type: ResourceType, read: KubeObject): Promise<void>;
}

const TIMEOUT_SECONDS = 30;

/** Undefined where the answer names no manager: then it is another failure. */
function conflictsIn(text: string): Conflict[] | undefined {
  const causes = listOf(fieldsOf(fieldsOf(parseJson(text)).details).causes).map(fieldsOf);
  const conflicts = causes
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message, field }) => ({
      manager: /conflict with "([^"]*)"/.exec(textOf(message))?.[1] ?? textOf(message),
      field: textOf(field),
    }));
  return conflicts.length === 0 ? undefined : conflicts;
}

interface Sent {
  readonly status: number;
  readonly text: string;
}

/** Makes no connection. */
export function openObjectWriter(access: ClusterAccess, signal?: AbortSignal): ObjectWriter {
  const http = new IsomorphicFetchHttpLibrary();
  const calls = callsOf(access, signal);
  let connections: ReturnType<RequestContext['getDispatcher']>;
  const patch = async (path: string, kind: PatchStrategy, body: unknown, query: Readonly<Record<string, string>>) => {
    const request = new RequestContext(`${access.server.replace(/\/$/, '')}${path}`, HttpMethod.PATCH);
    for (const [name, value] of Object.entries(query)) request.setQueryParam(name, value);
    request.setHeaderParam('Accept', 'application/json');
    request.setHeaderParam('Content-Type', kind);
    request.setBody(JSON.stringify(body));
    await authenticate(access, request);
    connections ??= request.getDispatcher();
    if (connections) request.setDispatcher(connections);
    request.setSignal(AbortSignal.any([AbortSignal.timeout(TIMEOUT_SECONDS * 1000), ...(signal ? [signal] : [])]));
    const response = await http.send(request).toPromise();
    return { status: response.httpStatusCode, text: await response.body.text() };
  };
  const callOf = (type: ResourceType, { metadata }: KubeObject): ApiCall => ({
    verb: 'patch',
    resource: `${kindName({ group: type.group, kind: type.plural })} ${metadata.name}`,
    namespace: metadata.namespace,
  });
  const at = (type: ResourceType, { metadata }: KubeObject) => pathOf(type, metadata.namespace, metadata.name);
  const objectOf = (type: ResourceType, { status, text }: Sent): KubeObject => {
    if (status >= 300) throw answerOf(status, text);
    return readObject(type, JSON.parse(text));
  };
  const done = <T>(answer: T | undefined): T => {
    if (answer === undefined) throw new TypeError('no answer was to be ignored');
    return answer;
  };
  return {
    describe: access.describe,
    async [Symbol.asyncDispose]() {
      await connections?.close();
    },
    async apply(type, object, { dryRun, force }) {
      const query = {
        fieldManager: FIELD_MANAGER,
        force: String(force),
        ...(dryRun ? { dryRun: 'All' } : {}),
      };
      const answer = await calls(callOf(type, object), async (): Promise<Applied> => {
        const sent = await patch(at(type, object), PatchStrategy.ServerSideApply, object, query);
        const conflicts = sent.status === 409 ? conflictsIn(sent.text) : undefined;
        if (conflicts !== undefined) return { conflicts };
        return { object: objectOf(type, sent), created: sent.status === 201 };
      });
      return done(answer);
    },
    async remove(type, read, pointers) {
      const same = { op: 'test', path: '/metadata/resourceVersion', value: read.metadata.resourceVersion };
      const body = [same, ...pointers.map((path) => ({ op: 'remove', path }))];
      const answer = await calls(callOf(type, read), async () =>
        objectOf(type, await patch(at(type, read), PatchStrategy.JsonPatch, body, { fieldManager: FIELD_MANAGER })),
      );
      return done(answer);
    },
    async release(type, read) {
      const all = listOf(read.metadata.managedFields).map(fieldsOf);
      const others = all.filter(({ manager }) => manager !== FIELD_MANAGER);
      if (others.length === 0 || others.length === all.length) return;
      const body = { metadata: { managedFields: others, resourceVersion: read.metadata.resourceVersion } };
      await calls(callOf(type, read), async () =>
        objectOf(type, await patch(at(type, read), PatchStrategy.MergePatch, body, { fieldManager: FIELD_MANAGER })),
      );
    },
  };
}
