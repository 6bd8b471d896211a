import { expect, test } from 'vitest';
import { archiveFault } from '../../../../../recovery/workloads/postgres/archive/archive-fault.ts';

const AT = new Date('2026-11-23T02:00:00Z');
const LATER = new Date('2026-11-23T02:05:00Z');
const fresh = { archive_mode: 'on', archive_command: '/x/push %p', archive_library: '' };
const none = { last: null, last_wal: null, failed: null, failed_wal: null };

test.each([
  ['no segment yet', {}, undefined],
  ['a failure that was overcome', { failed: AT, failed_wal: 'A', last: LATER, last_wal: 'A' }, undefined],
  ['a library of its own', { archive_command: '', archive_library: 'x' }, undefined],
  ['turned off', { archive_mode: 'off', archive_command: '(disabled)' }, { isOff: true }],
  ['a command that discards', { archive_command: '/bin/true', last: AT, last_wal: 'A' }, { isOff: true }],
  ['failing', { last: AT, last_wal: 'A', failed: LATER, failed_wal: 'B' }, { isOff: false }],
])('%s', (_, state, wanted) => {
  const fault = archiveFault({ ...fresh, ...none, ...state });
  if (wanted === undefined) expect(fault).toBeUndefined();
  else expect(fault).toMatchObject(wanted);
});
