/** Runs one command in a container of a running pod. */
import { PassThrough } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { DrError } from '../core/errors.ts';
import type { ClusterAccess } from './access.ts';
import { explainKubernetes } from './failure.ts';
import { fieldsOf } from './objects.ts';

export interface Container {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** The commands read a few rows or one INFO; a minute without an answer is a database or a network that hangs. */
const TIMEOUT_SECONDS = 60;

function collect(): { readonly stream: PassThrough; readonly text: () => string } {
  const parts: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (part: Buffer) => parts.push(part));
  return { stream, text: () => Buffer.concat(parts).toString('utf8') };
}

/** Returns stdout. Throws `POD-COMMAND`, with stderr, when the command fails or does not end within a minute. */
export async function runInPod(access: ClusterAccess, where: Container, argv: readonly string[]): Promise<string> {
  const { namespace, pod, container } = where;
  const out = collect();
  const err = collect();
  const exec = new Exec(access.config);
  const failed = (fact: string): DrError =>
    new DrError({
      code: 'POD-COMMAND',
      where: `pod ${namespace}/${pod}`,
      fact: `${argv[0]} ${fact}`,
      hint: `kubectl -n ${namespace} describe pod ${pod}`,
    });
  let timer: NodeJS.Timeout | undefined;
  let close = (): void => {};
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failed(`gave no answer within ${TIMEOUT_SECONDS} s`)), TIMEOUT_SECONDS * 1000);
  });
  const run = new Promise<V1Status>((resolve, reject) => {
    exec.exec(namespace, pod, container, [...argv], out.stream, err.stream, null, false, resolve).then((socket) => {
      close = () => socket.close();
      // A broken connection reports no status.
      socket.on('close', () => reject(failed('was cut off')));
      socket.on('error', reject);
    }, reject);
  });
  try {
    const status = await Promise.race([run, late]);
    // Output from before the status may still be in the streams.
    await nextTick();
    if (status.status === 'Success') return out.text();
    throw failed(`failed: ${err.text().trim() || status.message}`);
  } catch (error) {
    if (error instanceof DrError) throw error;
    const cause = error instanceof Error ? error : new Error(String(fieldsOf(error).message ?? error));
    throw explainKubernetes(cause, access.describe, { verb: 'create', resource: `pods/exec ${pod}`, namespace });
  } finally {
    clearTimeout(timer);
    close();
  }
}
