/** Facts from the files that the servers, the engines and the jobs read: each is parsed and compared by what it means. */
import { at, isUnknown } from '../../../plan/declared/values.ts';
import { messageOf } from '../../core/errors.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { environmentFacts } from '../settings/environment.ts';
import { LATER } from '../settings/meaning.ts';
import { patroniFacts } from '../settings/patroni.ts';
import { pgbackrestFacts } from '../settings/pgbackrest.ts';
import { postgresFileFacts } from '../settings/postgres-file.ts';
import { redisFacts } from '../settings/redis.ts';
import { scriptFacts } from '../settings/scripts.ts';

/** Panels, plans and the like: read elsewhere, or of no weight for a recovery. */
const ELSEWHERE = /^(plan\.json|.*-dashboard\.json|.*\.dashboard|go-coffee-dr\.json)$/;

/** Lines that were added or removed, where nobody knows what they mean. */
function textFacts(text: string, of: string): Fact[] {
  const all = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return [
    { area: 'recovery', what: `text of ${of}`, value: 'lines', items: { all, more: 'unknown', fewer: 'unknown' }, of },
  ];
}

type Reader = (text: string, of: string, file: string) => Fact[] | undefined;

const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/\.ya?ml$/, patroniFacts],
  [/\.ya?ml$/, environmentFacts],
  [/\.conf$/, pgbackrestFacts],
  [/^(redis|valkey|sentinel)\S*\.conf$/, redisFacts],
  [/^(postgresql|postgresql\.\S+|pg_hba)\.conf$/, postgresFileFacts],
  [/\.sh$/, scriptFacts],
];

function factsOf(file: string, text: string, of: string): Fact[] {
  for (const [name, read] of READERS) {
    if (!name.test(file)) continue;
    try {
      const found = read(text, of, file);
      if (found !== undefined) return found;
    } catch (error) {
      const value = `can't be read: ${messageOf(error)}`;
      return [{ area: 'recovery', what: `text of ${of}`, value, worth: 0, unclear: true, of }];
    }
  }
  return textFacts(text, of);
}

/** ConfigMaps of a recovered platform belong to its services. */
const OWNER = 'go-coffee-dr/owner';

export function isOwn(inputs: unknown): boolean {
  return at(inputs, 'metadata', 'labels', OWNER) !== undefined;
}

export function fileFacts({ type, inputs }: DeclaredResource): Fact[] {
  if (type !== 'kubernetes:core/v1:ConfigMap' || !isOwn(inputs)) return [];
  const name = String(at(inputs, 'metadata', 'name'));
  const data = at(inputs, 'data');
  if (typeof data !== 'object' || data === null) {
    return [
      { area: 'recovery', what: `files of ConfigMap ${name}`, value: isUnknown(data) ? LATER : 'none', unclear: true },
    ];
  }
  return Object.entries(data).flatMap(([file, text]): Fact[] => {
    if (ELSEWHERE.test(file)) return [];
    const of = `${file} of ConfigMap ${name}`;
    const there: Fact = { area: 'recovery', what: of, value: 'there', worth: 1 };
    return typeof text !== 'string' || isUnknown(text)
      ? [{ ...there, value: LATER, worth: undefined }]
      : [there, ...factsOf(file, text, of)];
  });
}
