/** Configuration files of two copies, by file and setting. Pure. */
import { lineFacts } from './lines.ts';
import { shown } from './redact.ts';
import type { Change } from './types.ts';

/** `name = value`, `name value`. */
const SETTING = /^\s*([A-Za-z][\w.-]*)\s*(?:=\s*|\s+)(.+?)\s*$/;

/** Setting → its lines' values, in their order. Comments are left out. */
function settingsIn(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^\s*#/.test(line) ? [] : (SETTING.exec(line) ?? []);
    if (name === '') continue;
    const before = found.get(name.toLowerCase());
    found.set(name.toLowerCase(), before === undefined ? value : `${before}; ${value}`);
  }
  return found;
}

/** Settings that run a program, load code, or let somebody in. */
const TELLING =
  /_command$|_libraries$|^hba|^listen_addresses|^bind|^protected-mode|^requirepass|^masterauth|^aclfile|^loadmodule|^rename-command|^enable-|^ssl|^tls-|^password|^unixsocket|^replicaof|^slaveof|^log_|^archive_mode|^row_security|^shared_preload/;

function fact(name: string, value: string | undefined): string {
  if (value === undefined) return 'not set';
  // The name decides too: `masterauth x`.
  return shown(`${name} ${value}`).startsWith('(hidden') ? '(hidden)' : shown(value);
}

/** Whether a setting that differs is one that `dr` has written itself: it is left out. */
export type IsOwn = (name: string, old: string | undefined, now: string | undefined) => boolean;

/** `file` names where they stand. */
export function compareSettings(
  file: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  isOwn: IsOwn = () => false,
): Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name) && !isOwn(name, before.get(name), after.get(name)),
  );
  return names.map((name): Change => {
    const [old, now] = [before.get(name), after.get(name)];
    return {
      kind: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed',
      what: 'setting',
      name: `${name} (${file})`,
      rank: TELLING.test(name) ? 'access' : 'other',
      facts: [`${fact(name, old)} → ${fact(name, now)}`],
    };
  });
}

/** Who may log in, and as whom: an added line comes first. */
const RULES = /(?:hba|ident)[^/]*\.conf$/;
const CONFIGURATION = /\.(?:conf|cnf|ini)$/;

const textOf = (content: Buffer | undefined): string => content?.toString('utf8') ?? '';
const withoutComments = (text: string): string => text.replaceAll(/#.*$/gm, '');

function changedFile(path: string, old: Buffer | undefined, now: Buffer | undefined, isOwn?: IsOwn): Change[] {
  if (RULES.test(path)) {
    const facts = lineFacts(withoutComments(textOf(old)), withoutComments(textOf(now)));
    const rank = facts.some((line) => line.startsWith('+')) ? 'foothold' : 'access';
    return facts.length === 0 ? [] : [{ kind: 'changed', what: 'access rules', name: path, rank, facts }];
  }
  if (CONFIGURATION.test(path) && old !== undefined && now !== undefined)
    return compareSettings(path, settingsIn(textOf(old)), settingsIn(textOf(now)), isOwn);
  const kind = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
  // Certificates, keys, lists of names: what is in them is not printed.
  return [{ kind, what: 'file', name: path, rank: 'access', facts: [] }];
}

/** By path. Files whose bytes are equal are the same. */
export function compareFiles(
  before: ReadonlyMap<string, Buffer>,
  after: ReadonlyMap<string, Buffer>,
  isOwn?: IsOwn,
): Change[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    if (old !== undefined && now !== undefined && old.equals(now)) return [];
    return changedFile(path, old, now, isOwn);
  });
}
