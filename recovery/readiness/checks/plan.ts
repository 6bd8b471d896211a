/** The plan's own faults and conflicts, the records that count for nothing, and what this machine lacks. Pure. */
import { plural } from '../../report/format.ts';
import type { Facts } from '../facts.ts';
import type { CheckState, ReadinessCheck } from '../types.ts';

/** More are a count: the command names them all. */
const NAMED = 4;

function few(lines: readonly string[]): string {
  const more = lines.length - NAMED;
  return more > 0 ? `${lines.slice(0, NAMED).join('; ')}; and ${more} more` : lines.join('; ');
}

export function checkPlanAndMachine(facts: Facts): ReadinessCheck[] {
  return [planCheck(facts), conflictsCheck(facts), machineCheck(facts), recordsCheck(facts)];
}

/** A contact is a check of its own. */
const OF_PEOPLE = new Set(['CONTACT-PLACEHOLDER', 'REVIEW-OVERDUE']);
const CONFLICT = 'TENSION-UNSETTLED';

function planCheck({ findings, plan }: Facts): ReadinessCheck {
  const own = findings.filter(({ code }) => !OF_PEOPLE.has(code) && code !== CONFLICT);
  const errors = own.filter(({ severity }) => severity === 'error');
  const state: CheckState = errors.length > 0 ? 'not ready' : own.length > 0 ? 'at risk' : 'ready';
  const lines = own.map(({ code, where, fact }) => `${code} ${where}: ${fact}`);
  return {
    id: 'plan',
    family: 'plan',
    title: 'The plan can keep its objectives',
    state,
    evidence: state === 'ready' ? `version ${plan.version}: no findings` : few(lines),
    objective: 'no findings',
    ...(state === 'ready' ? {} : { command: 'dr plan check' }),
  };
}

function conflictsCheck({ findings, plan }: Facts): ReadinessCheck {
  const open = findings.filter(({ code }) => code === CONFLICT);
  const head = { id: 'plan/conflicts', family: 'plan', title: 'Conflicts of the plan are decided' } as const;
  const objective = 'each has a decision';
  if (open.length === 0) {
    return { ...head, state: 'ready', evidence: plural(plan.settlements.length, 'decision'), objective };
  }
  return {
    ...head,
    state: 'not ready',
    evidence: few(open.map(({ fact }) => fact)),
    objective,
    command: 'dr plan check',
  };
}

/** Engines and their versions, keys, folders, the account. Repositories have checks of their own. */
function machineCheck({ doctor }: Facts): ReadinessCheck {
  const head = {
    id: 'machine',
    family: 'plan',
    title: 'This machine has the engines, in versions that can be relied on',
    objective: 'nothing missing, no known fault',
  } as const;
  if (doctor.kind === 'unseen') return { ...head, state: 'unknown', evidence: doctor.fact, command: 'dr doctor' };
  const own = doctor.value.filter(({ name }) => !/^repository /.test(name));
  const missing = own.filter(({ status }) => status === 'missing');
  const doubtful = own.filter(({ status, wanted }) => status === 'warning' && !wanted.includes('optional'));
  const lines = [
    ...missing.map(({ name, found, wanted }) => `${name}: ${found} (wanted ${wanted})`),
    // It is new enough to work: its hint says what speaks against it.
    ...doubtful.map(({ name, found, hint }) => `${name} ${found} works, with a doubt: ${hint}`),
  ];
  if (lines.length === 0) return { ...head, state: 'ready', evidence: plural(own.length, 'check') };
  return { ...head, state: missing.length > 0 ? 'not ready' : 'at risk', evidence: few(lines), command: 'dr doctor' };
}

function recordsCheck({ records }: Facts): ReadinessCheck {
  const head = {
    id: 'records',
    family: 'plan',
    title: 'Records of people are genuine',
    objective: 'each is signed by a key of this site, and every repository was asked',
  } as const;
  if (records.kind === 'unseen') return { ...head, state: 'unknown', evidence: records.fact, command: 'dr doctor' };
  const { refused, unread, records: found } = records.value;
  if (refused.length > 0) return { ...head, state: 'at risk', evidence: few(refused), command: 'dr plan calendar' };
  if (unread.length > 0) {
    const evidence = few(unread.map(({ place, fact }) => `${place}: ${fact}`));
    return { ...head, state: 'unknown', evidence, command: 'dr doctor' };
  }
  return { ...head, state: 'ready', evidence: plural(found.length, 'record') };
}
