/** The dead man's switch: an external URL that raises an alarm when nobody calls it any more. */
import { isAbsolute } from 'node:path';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';

const ANSWER_MS = 10_000;

/** The URL is a secret: whoever has it can suppress the alarm. Throws `SECRET-…` or `PING-URL` (exit 2). */
export async function readPingUrl(site: Site, file: string): Promise<URL> {
  if (!isAbsolute(file)) {
    const hint = 'write an absolute path: the exporter may be started from any folder';
    throw badInput({ code: 'PATH-RELATIVE', where: '--ping-url-file', fact: `"${file}" is a relative path`, hint });
  }
  const text = await site.secrets.read({ file }, '--ping-url-file');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw badInput({
    code: 'PING-URL',
    where: '--ping-url-file',
    fact: `${file} holds no https URL`,
    hint: 'write the URL that your monitoring service gave you, and nothing else: `printf %s "$URL" > FILE`',
  });
}

function isLoopback(host: string): boolean {
  return host === '127.0.0.1' || host === '[::1]' || host === 'localhost';
}

/** True when the other side accepted it. Never throws: the missing ping raises the alarm. */
export async function ping(site: Site, url: URL): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    if (response.ok) return true;
    site.log.warn({ host: url.host, status: response.status }, 'the ping URL answered with an error');
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    site.log.warn({ host: url.host, error: site.secrets.mask(cause) }, 'the ping URL does not answer');
  }
  return false;
}
