import { expect, test } from 'vitest';
import { setTypeOn } from '../../../../recovery/engines/pgbackrest/sets.ts';

const FULL = { label: '20261123-020000F', type: 'full' as const };
const INCR = { label: '20261123-020000F_20261123-030000I', type: 'incr' as const };

test.each([
  ['the newest set is a signed point’s', [FULL, INCR], [FULL, INCR], 'incr'],
  ['no point names the newest one', [FULL, INCR], [FULL], 'diff'],
  ['nor the newest full one', [FULL, INCR], [], 'full'],
  ['there is none', [], [], 'incr'],
])('an incremental set where %s', (_, sets, signed, type) => {
  expect(setTypeOn(sets, 'incr', new Set(signed.map(({ label }) => label)))).toBe(type);
  expect(setTypeOn(sets, 'full', new Set())).toBe('full');
});
