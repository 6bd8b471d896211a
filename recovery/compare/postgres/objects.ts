/** Objects of two dumps of a database. Pure. */
import { compareItems } from '../../workloads/difference.ts';
import { lineFacts } from '../lines.ts';
import type { Change, Rank } from '../types.ts';
import type { DumpObject } from './entries.ts';

/** Kinds whose name in a dump is not the word for people. */
const WORDS: Readonly<Record<string, string>> = {
  ACL: 'grants on',
  'DEFAULT ACL': 'grants by default',
  POLICY: 'row-level policy',
  'ROW SECURITY': 'row-level security of',
  'PUBLICATION TABLE': 'table of a publication',
  'DATABASE PROPERTIES': 'settings of the database',
  'FK CONSTRAINT': 'foreign key',
  SERVER: 'foreign server',
};

/** They run, or send data away, without anybody calling them by name. */
const FOOTHOLD = [
  ...['TRIGGER', 'EVENT TRIGGER', 'RULE', 'EXTENSION', 'PROCEDURAL LANGUAGE', 'SUBSCRIPTION', 'PUBLICATION'],
  ...['PUBLICATION TABLE', 'PUBLICATION TABLES IN SCHEMA', 'FOREIGN DATA WRAPPER', 'SERVER', 'USER MAPPING', 'CAST'],
];
const ACCESS = [
  ...['FUNCTION', 'PROCEDURE', 'AGGREGATE', 'ACL', 'DEFAULT ACL', 'POLICY', 'ROW SECURITY', 'DATABASE PROPERTIES'],
  ...['DATABASE', 'OPERATOR', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'SECURITY LABEL', 'TRANSFORM'],
];
const ROUTINES = ['FUNCTION', 'PROCEDURE'];
/** What they hold is long, or may hold a password: only what was done to them is said. */
const UNPRINTED = [
  ...ROUTINES,
  'SUBSCRIPTION',
  'SERVER',
  'USER MAPPING',
  'VIEW',
  'MATERIALIZED VIEW',
  'COMMENT',
  'RULE',
];

const isDefiner = ({ type, text }: DumpObject): boolean =>
  ROUTINES.includes(type) && /\bSECURITY DEFINER\b/.test(headOf(text));
/** Of a routine: everything before its body. */
function headOf(text: string): string {
  return text.split(/^\s*(?:AS |BEGIN ATOMIC|RETURN )/m)[0] ?? text;
}

function rankOf(kind: Change['kind'], object: DumpObject): Rank {
  if (FOOTHOLD.includes(object.type)) return kind === 'removed' ? 'access' : 'foothold';
  if (isDefiner(object) && kind !== 'removed') return 'foothold';
  return ACCESS.includes(object.type) ? 'access' : 'other';
}

function routineFacts(object: DumpObject): string[] {
  if (!ROUTINES.includes(object.type)) return [];
  const language = /\bLANGUAGE (\S+)/.exec(headOf(object.text))?.[1];
  return [
    ...(isDefiner(object) ? [`SECURITY DEFINER: it runs as ${object.owner}`] : []),
    ...(language === undefined || /^(sql|plpgsql)$/.test(language) ? [] : [`LANGUAGE ${language}`]),
  ];
}

const ownerOf = (text: string): string | undefined => /^ALTER .* OWNER TO (.*);$/m.exec(text)?.[1];

function changedFacts(old: DumpObject, now: DumpObject): string[] {
  if (!UNPRINTED.includes(now.type)) return lineFacts(old.text, now.text);
  const [before, after] = [ownerOf(old.text), ownerOf(now.text)];
  const withoutOwner = (text: string) => text.replaceAll(/^ALTER .* OWNER TO .*;$/gm, '').trim();
  return [
    ...(isDefiner(now) && !isDefiner(old) ? ['it was not SECURITY DEFINER'] : []),
    ...(before === after ? [] : [`owner ${before ?? 'unknown'} → ${after ?? 'unknown'}`]),
    ...(withoutOwner(old.text) === withoutOwner(now.text) ? [] : ['its definition changed']),
  ];
}

/** The same header twice: both texts count. */
function byName(objects: readonly DumpObject[]): Map<string, DumpObject> {
  const found = new Map<string, DumpObject>();
  for (const each of objects) {
    const key = `${each.type} ${each.name}`;
    const same = found.get(key);
    found.set(key, same === undefined ? each : { ...each, text: `${same.text}\n${each.text}` });
  }
  return found;
}

const wordOf = ({ type }: DumpObject): string => WORDS[type] ?? type.toLowerCase();

/** @param database Said with each name where a dump holds several. */
export function compareObjects(before: readonly DumpObject[], after: readonly DumpObject[], database = ''): Change[] {
  const [old, now] = [byName(before), byName(after)];
  const texts = (objects: ReadonlyMap<string, DumpObject>) =>
    new Map([...objects].map(([key, { owner, text }]) => [key, `${owner}\n${text}`]));
  return compareItems(texts(old), texts(now)).flatMap(({ item, kind }): Change[] => {
    const [was, is] = [old.get(item), now.get(item)];
    const object = is ?? was;
    if (object === undefined) return [];
    const name = database === '' ? object.name : `${database}: ${object.name}`;
    const common = { what: wordOf(object), name };
    if (was === undefined) {
      const facts = [...routineFacts(object), ...(UNPRINTED.includes(object.type) ? [] : lineFacts('', object.text))];
      return [{ ...common, kind: 'added', rank: rankOf('added', object), facts }];
    }
    if (is === undefined) return [{ ...common, kind: 'removed', rank: rankOf('removed', object), facts: [] }];
    const facts = [...routineFacts(is), ...changedFacts(was, is)];
    return [{ ...common, kind: kind === 'changed' ? kind : 'changed', rank: rankOf('changed', is), facts }];
  });
}
