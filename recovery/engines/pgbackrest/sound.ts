/** pgBackRest's info files and manifests carry a checksum of their own content: what does not have it is damaged. Pure. */
import { createHash } from 'node:crypto';
import { parseJson } from '../../core/json.ts';

const SECTION = /^\[([\w:-]+)\]$/;

/** Names of files may hold `=`: the first one that JSON follows ends the key. */
function pairOf(line: string): readonly [key: string, json: string] | undefined {
  for (let at = line.indexOf('='); at !== -1; at = line.indexOf('=', at + 1)) {
    const json = line.slice(at + 1);
    if (parseJson(json) !== undefined) return [line.slice(0, at), json];
  }
  return undefined;
}

/** SHA-1 over its sections as one JSON object, without the checksum itself. @param content decrypted */
export function isSound(content: Buffer): boolean {
  // Byte by byte: a file's name need not be UTF-8.
  const text = content.toString('latin1');
  const sum = createHash('sha1').update('{');
  let section = '';
  let wanted: unknown;
  let [sections, keys] = [0, 0];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const named = SECTION.exec(line)?.[1];
    if (named !== undefined) {
      [section, keys] = [named, 0];
      continue;
    }
    const pair = pairOf(line);
    if (pair === undefined || section === '') return false;
    const [key, json] = pair;
    if (section === 'backrest' && key === 'backrest-checksum') {
      wanted = parseJson(json);
      continue;
    }
    if (keys === 0) sum.update(`${sections === 0 ? '' : '},'}"${section}":{`, 'latin1');
    else sum.update(',');
    if (keys === 0) sections += 1;
    keys += 1;
    sum.update(`"${key}":${json}`, 'latin1');
  }
  return wanted === sum.update('}}').digest('hex');
}
