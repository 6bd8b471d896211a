/**
 * Stands in front of versitygw and ends TLS: requests and answers stream through, and what AWS would refuse is refused. Only the settings
 * of a bucket are read.
 */
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { LEARNED_FROM, type Learned, learn, readLearned, writeLearned } from './learned.ts';
import { addressOf, errorDocument, hidesAbsence, type Refusal, refusalOf } from './refusals.ts';

export interface FrontOptions {
  /** PEM text. */
  readonly cert: string;
  readonly key: string;
  /** Where versitygw listens: a socket's path. */
  readonly gateway: string;
  /** Access key of the owner of all buckets. */
  readonly owner: string;
  /** Its memory. */
  readonly learnedFile: string;
  /** Region by the name of a bucket that is another region's: one name is one bucket, all over the world. */
  readonly elsewhere: Readonly<Record<string, string>>;
}

/** They belong to a connection, and here are two. `expect` was answered here. */
const OF_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'expect'];
/** A policy or a lock; nothing larger is read. */
const SETTING_BYTES = 64 * 1024;

/** Pairs in one list, as they came: a name may occur twice, and its case may be signed. */
function passedOn(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let n = 0; n + 1 < raw.length; n += 2) {
    const [name = '', value = ''] = [raw[n], raw[n + 1]];
    if (!OF_CONNECTION.includes(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, refusal: Refusal): void {
  const body = incoming.method === 'HEAD' ? '' : errorDocument(refusal, incoming.url ?? '');
  incoming.resume();
  outgoing.writeHead(refusal.status, {
    'content-type': 'application/xml',
    'x-amz-request-id': 'STRICT',
    ...refusal.headers,
  });
  outgoing.end(body);
}

const HIDDEN: Refusal = { status: 403, code: 'AccessDenied', message: 'Access Denied' };

/** Makes servers that are one front: they share what they learn. None listens yet. */
export async function openFront(options: FrontOptions): Promise<() => Server> {
  let learned: Learned = await readLearned(options.learnedFile);
  const agent = new Agent({ keepAlive: true });

  /** Keeps the body of a setting beside its way to the gateway; undefined for every other request. */
  const overhear = (incoming: IncomingMessage) => {
    const { bucket, key, query } = addressOf(incoming.url ?? '');
    const setting = LEARNED_FROM.find((name) => query.has(name));
    if (incoming.method !== 'PUT' || key !== '' || setting === undefined) return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= SETTING_BYTES) chunks.push(chunk);
    });
    return async () => {
      learned = learn(learned, bucket, setting, Buffer.concat(chunks).toString('utf8'));
      await writeLearned(options.learnedFile, learned);
    };
  };

  const serve = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method = 'GET', url = '/', headers, socket } = incoming;
    const asked = { method, url, headers };
    const refusal = refusalOf(asked, learned, options.elsewhere);
    if (refusal) {
      refuse(incoming, outgoing, refusal);
      return;
    }
    const taken = overhear(incoming);
    let answered = false;
    const pass = async (answer: IncomingMessage): Promise<void> => {
      answered = true;
      const status = answer.statusCode ?? 500;
      if (hidesAbsence(asked, status, learned, options.owner)) {
        answer.resume();
        refuse(incoming, outgoing, HIDDEN);
        return;
      }
      if (status < 300) await taken?.();
      outgoing.writeHead(status, passedOn(answer.rawHeaders));
      await pipeline(answer, outgoing);
    };
    const to = { socketPath: options.gateway, method, path: url, headers: passedOn(incoming.rawHeaders) };
    const forward = request({ ...to, agent }, (answer) => {
      pass(answer).catch((error: unknown) => socket.destroy(error instanceof Error ? error : undefined));
    });
    // A gateway that refuses at once reads no more of the body: its answer still goes back.
    forward.on('error', () => (answered ? incoming.resume() : socket.destroy()));
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) forward.destroy();
    });
    incoming.pipe(forward);
  };

  // A slow line takes longer than Node's limit for a request.
  return () => createServer({ cert: options.cert, key: options.key, requestTimeout: 0 }, serve);
}
