/** People in a drill: they declare an incident and walk its runbook by the commands that anybody types. Each step is settled, by a command or by name. */
import { z } from 'zod';
import { DrError, EXIT, type ExitCode } from '../../recovery/core/errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Stage } from '../stage.ts';
import { type Declared, type How, type StepAnswer, type Walk, type WalkStep, walkSchema } from './types.ts';

const declaredSchema = z.object({ id: z.string() });

const SETTLED = ['done', 'skipped', 'by-hand'];
export const isOpen = ({ state }: WalkStep): boolean => !SETTLED.includes(state);

/** `dr restore` is not its dry run. */
function begins(line: string, beginning: string): boolean {
  const isSame = line === beginning || line.startsWith(`${beginning} `);
  return isSame && (beginning.includes('--dry-run') || !line.includes(' --dry-run'));
}

/** Declares the disaster of the stage as an exercise. Messages go to the drill's own receivers. */
export async function declareIncident(stage: Stage, at: Platform, { impact, words = {} }: Declared): Promise<Walk> {
  const { scenario, plan } = stage.options;
  const [commander = 'the commander', lead = commander] = plan.team.map(({ primary }) => primary);
  const since = stage.disasterAt?.toISOString();
  const args = ['incident', 'declare', '--scenario', scenario, '--impact', impact, '--exercise', '--by', commander];
  const { id } = await stage.step(
    'declare',
    'the incident is declared, and people are told',
    async () => {
      const when = since === undefined ? [] : ['--at', since];
      return (await stage.dr(at).call([...args, ...when], { answer: declaredSchema })).data;
    },
    (declared) => declared.id,
  );
  let platform = at;
  const call = async (words: readonly string[], accept: readonly ExitCode[]) =>
    (await stage.dr(platform).call(['runbook', ...words], { answer: walkSchema, accept })).data;
  const steps = async () => (await call(['run', '--incident', id], [EXIT.ok, EXIT.partial])).steps;
  const settle = (step: WalkStep, ...words: readonly string[]) =>
    call(['step', String(step.number), '--incident', id, '--by', lead, ...words], [EXIT.ok, EXIT.failure]);

  const act = async (step: WalkStep, { lines, accept = [], skip, byHand }: How): Promise<readonly StepAnswer[]> => {
    if (skip !== undefined) {
      await settle(step, '--skip', skip);
      return [];
    }
    const typed = byHand === undefined ? (lines ?? step.commands.map((line) => filled(line, words))) : [];
    await byHand?.();
    const { answers } = typed.length === 0 ? { answers: [] } : await settle(step, ...typed.flatMap(asCommand));
    const wrong = answers.find(({ exit }) => exit !== EXIT.ok && !accept.includes(exit as ExitCode));
    if (wrong !== undefined) throw failed(step, wrong, stage);
    // Where a command has found something, and where there is none, a person says that it is done.
    if (typed.length === 0 || answers.some(({ exit }) => exit !== EXIT.ok)) await settle(step, '--by-hand', lead);
    return answers;
  };
  const settled = (step: WalkStep, how: How): Promise<readonly StepAnswer[]> =>
    stage.step(
      `runbook-${step.number}`,
      `runbook ${step.number}: ${step.text}`,
      () => act(step, how),
      (answers) => [how.skip, ...answers.map(({ line }) => line)].filter(Boolean).join('; ') || `signed off by ${lead}`,
    );
  return {
    incident: id,
    platform: () => platform,
    moveTo(other) {
      platform = other;
    },
    steps,
    async step(beginning, how = {}, instead = beginning) {
      const all = await steps();
      const found = all.find((step) => isOpen(step) && step.commands.some((line) => begins(line, beginning)));
      stage.check({
        id: `runbook/${beginning.replaceAll(' ', '-')}`,
        title: `the runbook has a step for ${beginning}`,
        expected: 'yes',
        actual: found === undefined ? 'no' : 'yes',
        evidence: `dr runbook run --scenario ${scenario}`,
      });
      if (found === undefined) return [await alone(stage, platform, how.lines?.[0] ?? instead, how.accept)];
      for (const step of all.filter((each) => isOpen(each) && each.number < found.number)) await settled(step, {});
      return settled(found, how);
    },
    async next(how) {
      const next = (await steps()).find(isOpen);
      if (next !== undefined) await settled(next, how);
    },
    async rest(how) {
      for (const step of (await steps()).filter(isOpen)) {
        const known = Object.entries(how).find(([beginning]) => step.commands.some((line) => begins(line, beginning)));
        await settled(step, known?.[1] ?? {});
      }
    },
  };
}

const asCommand = (line: string): string[] => ['--command', line];

function filled(line: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((text, [word, value]) => text.replaceAll(word, value), line);
}

/** Without a step of the runbook: a plan that lost it is told by the check, and the drill goes on. */
async function alone(
  stage: Stage,
  platform: Platform,
  line: string,
  accept: readonly ExitCode[] = [],
): Promise<StepAnswer> {
  const words = line.split(' ').slice(1);
  const { exit, data } = await stage.dr(platform).call(words, { answer: z.unknown(), accept: [EXIT.ok, ...accept] });
  return { line, exit, answer: data };
}

function failed({ number, text }: WalkStep, { line, exit, answer }: StepAnswer, stage: Stage): DrError {
  const said = z.object({ fact: z.string() }).safeParse(answer).data?.fact ?? 'it says no more';
  return new DrError({
    code: 'DRILL-DR',
    where: line,
    fact: `step ${number} of the runbook (${text}) ended with ${exit}: ${said}`,
    hint: `read its whole output: ${stage.options.folder}/dr.log`,
    exit: exit === EXIT.ok ? EXIT.failure : (exit as ExitCode),
  });
}
