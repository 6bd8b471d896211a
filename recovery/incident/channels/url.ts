/** A URL that is a secret. */
import { badInput } from '../../core/errors.ts';

/** Throws `CHANNEL-URL` (exit 2), which does not show it. */
export function checkedUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return text;
  throw badInput({
    code: 'CHANNEL-URL',
    where,
    fact: 'it holds no https URL',
    hint: 'write the URL that the service gave you, and nothing else: `printf %s "$URL" > FILE`',
  });
}
