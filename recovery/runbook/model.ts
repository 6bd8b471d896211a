/** The runbook: the plan's procedures with the names of one site. Pure. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import { didYouMean } from '../../plan/nearest.ts';
import type { Scenario, Step } from '../../plan/procedure-types.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { SiteFacts } from './facts.ts';
import { type Knowledge, knowledgeOf } from './knowledge.ts';
import { type RunbookTable, runbookTables } from './tables.ts';

export const PHASES = ['immediate', 'recovery', 'validation'] as const;
export type Phase = (typeof PHASES)[number];

export interface RunbookCommand extends Partial<Knowledge> {
  readonly line: string;
  /** Words in capitals that a person replaces, and by what. */
  readonly replace: readonly string[];
}

export interface RunbookStep {
  /** From 1, through all phases. */
  readonly number: number;
  readonly phase: Phase;
  /** From 1, within the phase. */
  readonly inPhase: number;
  readonly text: string;
  readonly commands: readonly RunbookCommand[];
  /** What a person does where no command does it. */
  readonly byHand: readonly string[];
}

export interface RunbookPhase {
  readonly phase: Phase;
  readonly title: string;
  readonly steps: readonly RunbookStep[];
}

export interface ScenarioRunbook {
  readonly id: Scenario['id'];
  readonly title: string;
  readonly description: string;
  readonly phases: readonly RunbookPhase[];
}

export interface Runbook {
  readonly site: SiteFacts;
  readonly title: string;
  readonly tiers: readonly {
    readonly id: string;
    readonly name: string;
    readonly rto: string;
    readonly rpo: string;
    readonly services: string;
  }[];
  readonly team: Plan['team'];
  readonly channels: Plan['channels'];
  readonly integrations: Plan['integrations'];
  readonly updateEvery: string | undefined;
  readonly scenarios: readonly ScenarioRunbook[];
  /** Behind the scenarios. */
  readonly tables: readonly RunbookTable[];
}

const TITLES: Readonly<Record<Phase, string>> = {
  immediate: 'Immediate response',
  recovery: 'Recovery',
  validation: 'Validation',
};

/** Example values of the plan's commands. */
const EXAMPLES = {
  point: /\b\d{8}T\d{6}Z-(?:full|incremental|config)-[0-9a-f]{4}\b/g,
  time: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g,
  table: /(?<=--table )public\.payments\b/g,
  database: /(?<=--into-database )dr_restored\b/g,
} as const;

/** Commands that exist for a cluster only, and those of a host. */
const OF_CLUSTER = /^dr (?:rebuild|failover|failback|harden)\b|--stack\b/;
/** They read WAL, or need a server beside the live one: on a host alone. */
const OF_HOST = /^dr find\b|^dr restore .*--(?:compare|merge)\b/;

function fits(line: string, others: readonly string[], { runsOn }: SiteFacts): boolean {
  const cluster = OF_CLUSTER.test(line);
  const [name] = /^dr \w+/.exec(line) ?? [];
  const twin = (each: string): boolean => each.startsWith(name ?? '') || /^dr (?:restore|rebuild|secrets)/.test(each);
  if (runsOn === 'host') return !cluster;
  if (OF_HOST.test(line)) return false;
  return cluster || !others.some((each) => OF_CLUSTER.test(each) && twin(each));
}

function localized(line: string, facts: SiteFacts): RunbookCommand {
  const known = facts.repositories.map(({ id }) => id);
  // The example is the second region: another one only where this site has none of that name.
  const from = known.includes('secondary') ? 'secondary' : (known.find((id) => id !== 'offsite') ?? 'REPOSITORY');
  const newest = facts.repositories
    .flatMap(({ newest: point }) => point ?? [])
    .sort((a, b) => b.at.localeCompare(a.at))[0];
  const replace: string[] = [];
  let text = line.replaceAll('--from secondary', `--from ${from}`);
  if (EXAMPLES.point.test(text)) {
    replace.push(`POINT: an id of \`dr points list\`${newest === undefined ? '' : `; the newest was ${newest.id}`}`);
    text = text.replaceAll(EXAMPLES.point, 'POINT');
  }
  if (EXAMPLES.time.test(text)) {
    replace.push(
      'MOMENT: the last good moment, with its zone, e.g. 2026-01-31T11:59:00Z; or the target that `dr find` names',
    );
    text = text.replaceAll(EXAMPLES.time, 'MOMENT');
  }
  if (EXAMPLES.table.test(text)) {
    replace.push('TABLE: schema and name of a table that was hit, as `dr find` names it; several: repeat --table');
    text = text.replaceAll(EXAMPLES.table, 'TABLE');
  }
  if (EXAMPLES.database.test(text)) {
    replace.push('DATABASE: the one that the comparison has named, e.g. dr_restored_20260131120000');
    text = text.replaceAll(EXAMPLES.database, 'DATABASE');
  }
  if (/--select /.test(text))
    replace.push(
      'deployment/order-service: what failed, e.g. configmap/NAME, app=NAME or namespace/NAME; several: repeat --select',
    );
  if (/--only uploads$/.test(text)) replace.push('uploads: the workloads that were hit');
  return { line: text, replace, ...knowledgeOf(line) };
}

function stepOf(step: Step, number: number, inPhase: number, phase: Phase, plan: Plan, facts: SiteFacts): RunbookStep {
  const lines = step.run ?? [];
  const commands = lines
    .filter((line) =>
      fits(
        line,
        lines.filter((each) => each !== line),
        facts,
      ),
    )
    .map((line) => localized(line, facts));
  return { number, phase, inPhase, text: step.text, commands, byHand: commands.length > 0 ? [] : byHandOf(step, plan) };
}

/** What the plan knows of a step that people do. */
function byHandOf({ text, shell = [] }: Step, { team, channels }: Plan): string[] {
  if (/team/i.test(text))
    return team.map(({ role, primary, secondary, contact }) => `${role}: ${primary}, else ${secondary} (${contact})`);
  if (/communication/i.test(text)) {
    return [...channels.internal, ...channels.external].map(({ title, address }) => `${title}: ${address}`);
  }
  return shell.map((line) => `as the written plan has it: ${line}`);
}

function phaseTitle(phase: Phase, { from, to }: Scenario['immediate']): string {
  if (from === undefined || to === undefined) return TITLES[phase];
  return `${TITLES[phase]} (${formatDuration(seconds(from))} to ${formatDuration(seconds(to))})`;
}

function scenarioOf(scenario: Scenario, plan: Plan, facts: SiteFacts): ScenarioRunbook {
  let number = 0;
  const phases = PHASES.map((phase) => ({
    phase,
    title: phaseTitle(phase, scenario[phase]),
    steps: scenario[phase].steps.map((step, n) => {
      number += 1;
      return stepOf(step, number, n + 1, phase, plan, facts);
    }),
  }));
  const { id, title, description } = scenario;
  return { id, title, description, phases };
}

/** Throws `SCENARIO-UNKNOWN` (exit 2) with the nearest name. @param wanted none means all */
export function makeRunbook(plan: Plan, facts: SiteFacts, wanted: readonly string[] = []): Runbook {
  const ids: readonly string[] = plan.scenarios.map(({ id }) => id);
  const unknown = wanted.find((id) => !ids.includes(id));
  if (unknown !== undefined) {
    throw badInput({
      code: 'SCENARIO-UNKNOWN',
      where: '--scenario',
      fact: `the plan has no scenario "${unknown}".${didYouMean(unknown, ids)}`,
      hint: `type one of ${ids.join(', ')}`,
    });
  }
  const scenarios = plan.scenarios.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  return {
    site: facts,
    title: plan.title,
    tiers: plan.tiers.map(({ id, name, rto, rpo, services }) => ({
      id,
      name,
      rto,
      rpo,
      services: services.map(({ title }) => title).join(', '),
    })),
    team: plan.team,
    channels: plan.channels,
    integrations: plan.integrations,
    updateEvery: plan.templates.find(({ updateEvery }) => updateEvery !== undefined)?.updateEvery,
    scenarios: scenarios.map((scenario) => scenarioOf(scenario, plan, facts)),
    tables: runbookTables(plan),
  };
}
