/** What pg_restore prints of a dump, object by object. Pure. */
import { verificationFailed } from '../../core/errors.ts';

export interface DumpObject {
  /** `FUNCTION`, `TABLE`, `ACL` … */
  readonly type: string;
  /** `public.f()`; without a schema `app`. */
  readonly name: string;
  readonly owner: string;
  /** SQL that makes it. */
  readonly text: string;
}

const LISTED = /^\d+; \d+ \d+ (.*)$/;
const HEADER = /^-- Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: (.*?)(?:; Tablespace: .*)?$/;
/** What stands behind the last statement of an object and belongs to the session. */
const OF_SESSION = /^$|^--|^\\(un)?restrict |^\\connect |^SET |^SELECT pg_catalog\.set_config/;

interface Header {
  readonly type: string;
  readonly schema: string;
  readonly tag: string;
  readonly owner: string;
}

function headerOf(line: string): Header | undefined {
  const [found, tag = '', type = '', schema = '', owner = ''] = HEADER.exec(line) ?? [];
  if (found === undefined) return undefined;
  return { type, schema, tag, owner: owner === '-' ? '' : owner };
}

const asListed = ({ type, schema, tag, owner }: Header): string => `${type} ${schema} ${tag} ${owner}`.trim();

function trimmed(lines: readonly string[]): string {
  // The header's own frame comes first.
  const begin = lines[0] === '--' ? 1 : 0;
  const end = lines.findLastIndex((line) => !OF_SESSION.test(line)) + 1;
  return lines.slice(begin, end).join('\n').trim();
}

/** A tag names the table too: `orders t`. Of grants and comments it begins with the kind: `TABLE orders`. */
function objectOf({ type, schema, tag, owner }: Header, lines: readonly string[]): DumpObject {
  return { type, name: schema === '-' ? tag : `${schema}.${tag}`, owner, text: trimmed(lines) };
}

/**
 * A function's body may hold a line that reads like the header of an object, so a header counts only for an object that the list has, and as
 * often as the list has it. Grants are printed last, wherever the list has them.
 * @param list `pg_restore --list` with the options of `sql`
 * @throws `DUMP-UNREADABLE` (exit 5) where the two do not fit
 */
export function readEntries(list: string, sql: string): DumpObject[] {
  const expected = list.split('\n').flatMap((line) => LISTED.exec(line)?.[1]?.trim() ?? []);
  const left = new Map<string, number>();
  for (const each of expected) left.set(each, (left.get(each) ?? 0) + 1);
  const open: { readonly header: Header; readonly lines: string[] }[] = [];
  for (const line of sql.split('\n')) {
    const header = line.startsWith('-- Name: ') ? headerOf(line) : undefined;
    const key = header === undefined ? '' : asListed(header);
    const count = left.get(key) ?? 0;
    if (header === undefined || count === 0) open.at(-1)?.lines.push(line);
    else {
      left.set(key, count - 1);
      open.push({ header, lines: [] });
    }
  }
  const objects = open.map(({ header, lines }) => objectOf(header, lines));
  if (objects.length === expected.length && objects.length > 0) return objects;
  const missing = [...left].find(([, count]) => count > 0)?.[0] ?? 'nothing is listed';
  throw verificationFailed({
    code: 'DUMP-UNREADABLE',
    where: 'pg_restore',
    fact: `the list of the dump has ${expected.length} objects, and ${objects.length} were found in its SQL (${missing})`,
    hint: 'use the programs of the PostgreSQL version that made the dump (postgres.binDir), or take another point',
  });
}
