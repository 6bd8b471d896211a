/** The escrow file: newer than the last change of a key, and opened once. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import type { Facts } from '../facts.ts';
import type { CheckState, ReadinessCheck } from '../types.ts';
import { lastProof } from './proofs.ts';

const WRITE = 'dr keys escrow --recipient age1…';

export function checkKeys(facts: Facts): ReadinessCheck[] {
  const head = {
    id: 'escrow/current',
    family: 'keys',
    title: 'The escrow file holds the keys of today',
    objective: 'written after the last change of a key, a passphrase or a credential',
  } as const;
  const opened = {
    id: 'escrow/opened',
    family: 'keys',
    title: 'The escrow file was opened',
    objective: 'by one of its recipients, once for each file',
  } as const;
  const { records, fingerprint } = facts;
  if (records.kind === 'unseen') {
    const unseen = { state: 'unknown', evidence: records.fact, command: 'dr doctor' } as const;
    return [
      { ...head, ...unseen },
      { ...opened, ...unseen },
    ];
  }
  const written = lastProof(facts, 'escrow-written');
  if (written === undefined) {
    const evidence = 'no escrow file was ever written: with this machine the keys are gone';
    return [{ ...head, state: 'not ready', evidence, command: WRITE }, neverOpened(opened, 'there is no file to open')];
  }
  const age = formatDuration(Math.max(0, (facts.now.getTime() - Date.parse(written.at)) / 1000));
  return [
    { ...head, ...currency(fingerprint, written.facts?.fingerprint, age), at: written.at },
    openedCheck(facts, opened, String(written.facts?.sha256 ?? '')),
  ];
}

function currency(
  fingerprint: Facts['fingerprint'],
  known: string | number | undefined,
  age: string,
): { readonly state: CheckState; readonly evidence: string; readonly command?: string } {
  if (fingerprint.kind === 'unseen') {
    return {
      state: 'unknown',
      evidence: `written ${age} ago; the keys can't be compared: ${fingerprint.fact}`,
      command: 'dr doctor',
    };
  }
  if (fingerprint.value === known) return { state: 'ready', evidence: `written ${age} ago, with these keys` };
  return { state: 'not ready', evidence: `a key has changed since it was written, ${age} ago`, command: WRITE };
}

type Head = Pick<ReadinessCheck, 'id' | 'family' | 'title' | 'objective'>;

const OPEN = 'dr keys show FILE --identity FILE';

function neverOpened(head: Head, evidence: string): ReadinessCheck {
  return { ...head, state: 'at risk', evidence, command: OPEN };
}

/** A file that nobody can open is found out on the worst day. */
function openedCheck(facts: Facts, head: Head, sha256: string): ReadinessCheck {
  const last = lastProof(facts, 'escrow-opened');
  if (last === undefined) return neverOpened(head, 'never opened');
  const at = last.at;
  if (last.result === 'failed')
    return { ...head, state: 'not ready', evidence: `failed, by ${last.by}`, at, command: OPEN };
  // A record by hand has no digest: a person says so.
  const same = last.facts?.sha256 === undefined ? undefined : last.facts.sha256 === sha256;
  if (same === false) return { ...neverOpened(head, 'only an older file was opened'), at };
  return { ...head, state: 'ready', evidence: `opened by ${last.by}`, at };
}
