import { expect, test } from 'vitest';
import type { Relation } from '../../../recovery/find/catalog.ts';
import { checkTables } from '../../../recovery/find/known-tables.ts';
import type { Finding } from '../../../recovery/find/search.ts';
import type { CatalogEntry } from '../../../recovery/points/catalog/types.ts';

const relation = (name: string): Relation => ({ database: 'app', schema: 'public', name, kind: 'table' });
const live = { byFile: new Map(), byOid: new Map([['1/1', relation('payments')]]) };
const dump = (facts: object) => ({ point: { captures: [{ engine: 'restic', facts }] } }) as unknown as CatalogEntry;
const entries = [dump({ superusers: '', 'rows:public.gone': 3 })];
const finding = (more: Partial<Finding>) => ({ what: 'drop', xid: '7', ...more }) as Finding;
const asked = (name: string) => ({ tables: [{ schema: 'public', name }] });

test.each([
  ['the live server has it', 'payments', []],
  ['a dump has it, and nothing else any more', 'gone', []],
  [
    'only what was found has it: made and dropped between two copies',
    'short',
    [finding({ relation: relation('short') })],
  ],
])('%s', (_, name, findings) => {
  expect(checkTables({ request: asked(name), findings, searched: { entries, live } })).toEqual([]);
});

test('a name that neither the live server nor a copy has is refused, with the nearest ones', () => {
  const check = () => checkTables({ request: asked('paymnts'), findings: [], searched: { entries, live } });
  expect(check).toThrow(
    expect.objectContaining({
      code: 'TABLE-UNKNOWN',
      exit: 2,
      fact: expect.stringContaining('Did you mean "public.payments"?'),
      hint: 'the tables are: public.gone, public.payments',
    }),
  );
});

test.each([
  ['the live server does not answer', { entries }, []],
  ['no point has a dump', { entries: [], live }, []],
  ['changes without a name may be of it', { entries, live }, [finding({ key: '1/77' })]],
])('where nobody can tell it is a note: %s', (fact, searched, findings) => {
  const [note, ...more] = checkTables({ request: asked('paymnts'), findings, searched });
  expect(more).toEqual([]);
  expect(note).toContain(`nothing here knows a table public.paymnts, and ${fact}`);
});
