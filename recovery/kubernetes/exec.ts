/** Runs one command in a container of a running pod: a short one for its answer, or any one with its output passed through. */

import { PassThrough } from 'node:stream';
import { setImmediate as nextTick } from 'node:timers/promises';
import { Exec, type V1Status } from '@kubernetes/client-node';
import { DrError, EXIT } from '../core/errors.ts';
import { withLimit } from '../core/wait/with-limit.ts';
import type { ClusterAccess } from './access.ts';
import { explainKubernetes } from './failure.ts';
import { fieldsOf, listOf } from './objects.ts';

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

/** What the API says to a command that it does not let in; its client throws events too. */
function refusedIn({ describe }: ClusterAccess, { namespace, pod }: Container, error: unknown): unknown {
  if (error instanceof DrError) return error;
  const cause = error instanceof Error ? error : new Error(String(fieldsOf(error).message ?? error));
  return explainKubernetes(cause, describe, { verb: 'create', resource: `pods/exec ${pod}`, namespace });
}

const describing = ({ namespace, pod }: Container): string => `kubectl -n ${namespace} describe pod ${pod}`;

function failedIn({ namespace, pod }: Container, fact: string, hint: string): DrError {
  return new DrError({ code: 'POD-COMMAND', where: `pod ${namespace}/${pod}`, fact, hint });
}

/** Returns stdout. Throws `POD-COMMAND`, with stderr, when the command fails or does not end within a minute. */
export async function runInPod(access: ClusterAccess, where: Container, argv: readonly string[]): Promise<string> {
  const { namespace, pod, container } = where;
  const out = collect();
  const err = collect();
  const exec = new Exec(access.config);
  const failed = (fact: string): DrError => failedIn(where, `${argv[0]} ${fact}`, describing(where));
  let close = (): void => {};
  const run = new Promise<V1Status>((resolve, reject) => {
    exec.exec(namespace, pod, container, [...argv], out.stream, err.stream, null, false, resolve).then((socket) => {
      close = () => socket.close();
      // A broken connection reports no status.
      socket.on('close', () => reject(failed('was cut off')));
      socket.on('error', reject);
    }, reject);
  });
  try {
    const status = await withLimit(run, TIMEOUT_SECONDS, () => failed(`gave no answer within ${TIMEOUT_SECONDS} s`));
    // Output from before the status may still be in the streams.
    await nextTick();
    if (status.status === 'Success') return out.text();
    throw failed(`failed: ${err.text().trim() || status.message}`);
  } catch (error) {
    throw refusedIn(access, where, error);
  } finally {
    close();
  }
}

/** Where the output of a command goes, as it arrives. */
export interface Sinks {
  readonly out: (part: Buffer) => void;
  readonly err: (part: Buffer) => void;
  readonly signal: AbortSignal;
}

/** Balancers in front of an API close a connection that is silent for a minute or more; a verification is silent for longer. */
const PING_MS = 20_000;

/** The exit code of a command that ended by itself; undefined for any other failure, e.g. a program that the image lacks. */
function exitCodeOf(status: V1Status): number | undefined {
  if (status.status === 'Success') return 0;
  const causes = listOf(fieldsOf(status.details).causes).map(fieldsOf);
  const code = Number(causes.find(({ reason }) => reason === 'ExitCode')?.message);
  return Number.isInteger(code) ? code : undefined;
}

/**
 * Passes stdout and stderr through, apart from each other, and returns the exit code. The command has no limit: it ends by itself.
 * Throws `POD-COMMAND` for a command that could not be started or was cut off, and `INTERRUPTED`.
 */
export async function passThrough(
  access: ClusterAccess,
  where: Container,
  argv: readonly string[],
  { out, err, signal }: Sinks,
): Promise<number> {
  const { namespace, pod, container } = where;
  const hint = `what it began may still run there: ${describing(where)}; then run the same command again`;
  const failed = (fact: string): DrError => failedIn(where, `${argv[0]} ${fact}`, hint);
  // Streams of their own: the client ends what it is given, and would turn a terminal's size into messages.
  const streams = [out, err].map((sink) => new PassThrough().on('data', sink));
  let end = (): void => {};
  try {
    const status = await new Promise<V1Status>((resolve, reject) => {
      const [stdout = null, stderr = null] = streams;
      new Exec(access.config)
        .exec(namespace, pod, container, [...argv], stdout, stderr, null, false, resolve)
        .then((socket) => {
          const ping = setInterval(() => socket.ping(), PING_MS);
          const stop = (): void => reject(interruptedIn(pod, namespace));
          signal.addEventListener('abort', stop, { once: true });
          end = () => {
            clearInterval(ping);
            signal.removeEventListener('abort', stop);
            socket.close();
          };
          socket.on('close', () => reject(failed('was cut off before it ended')));
          socket.on('error', reject);
          if (signal.aborted) stop();
        }, reject);
    });
    await nextTick();
    const code = exitCodeOf(status);
    if (code === undefined) throw failed(`could not be run: ${status.message ?? 'no reason given'}`);
    return code;
  } catch (error) {
    throw refusedIn(access, where, error);
  } finally {
    end();
  }
}

function interruptedIn(pod: string, namespace: string): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where: `pod ${namespace}/${pod}`,
    fact: 'the connection was closed; a command that runs there ends by itself',
    hint: 'run the same command again',
    exit: EXIT.interrupted,
  });
}
