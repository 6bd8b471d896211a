/** The end of a drill's incident: the rest of the runbook, the last message, the post-mortem; and whether all of it is true. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recovered, Stage } from '../stage.ts';
import { messageProblems, timelineLines, timelineProblems } from './truth.ts';
import type { How, Walk } from './types.ts';
import { isOpen } from './walk.ts';

/** What the drill does better, or can't have. */
const LEFT: Readonly<Record<string, How>> = {
  'dr verify': { skip: 'the drill compares every row, key and file with what was there before' },
  // Its other command wants a baseline of good days.
  'dr objectives': { lines: ['dr objectives'] },
};

const TRUE_TIMELINE = 'the disaster, each tier when the restore had it back, the end';
const ALL_TOLD = 'first message, update and last one, as an exercise, no secret';

/** Its checks fail the drill as wrong data does: a wrong timeline is believed later. */
export async function endIncident(stage: Stage, walk: Walk, { restored }: Recovered): Promise<void> {
  const { folder, plan } = stage.options;
  const [commander = 'the commander'] = plan.team.map(({ primary }) => primary);
  await walk.rest(LEFT);
  const open = (await walk.steps()).filter((step) => isOpen(step));
  const which = ['--incident', walk.incident, '--by', commander];
  const dr = (...words: string[]): Promise<void> => stage.dr(walk.platform()).run(['incident', ...words]);
  const postMortem = join(folder, 'post-mortem.md');
  await stage.step('resolve', 'the incident is resolved, and written up', async () => {
    await dr('update', '--status', 'Monitoring', '--text', 'The platform is back and was compared.', ...which);
    await dr('resolve', '--root-cause', 'The drill staged it.', ...which);
    const answers = ['--summary', 'A drill.', '--lessons', 'See its report.', '--action', 'Read it; CTO; 2099-12-31'];
    await dr('post-mortem', walk.incident, ...answers, '--out', postMortem, '--by', commander);
  });
  const text = await readFile(postMortem, 'utf8');
  stage.check({
    id: 'people/runbook',
    title: 'every step of the runbook is settled',
    expected: 'none is open',
    actual: open.length === 0 ? 'none is open' : open.map((step) => `${step.number} is ${step.state}`).join(', '),
    evidence: `dr runbook run --incident ${walk.incident}`,
  });
  const timeline = timelineProblems(text, stage.disasterAt ?? new Date(0), restored.data.tiers);
  stage.check({
    id: 'people/timeline',
    title: 'the post-mortem’s timeline is what happened',
    expected: TRUE_TIMELINE,
    actual: timeline.length === 0 ? TRUE_TIMELINE : timeline.join('; '),
    evidence: `dr incident post-mortem ${walk.incident}: ${timelineLines(text).length} lines`,
  });
  const people = stage.people ?? { received: [], secrets: [] };
  const messages = messageProblems(people);
  stage.check({
    id: 'people/messages',
    title: 'Slack, the status page and the mail server were told',
    expected: ALL_TOLD,
    actual: messages.length === 0 ? ALL_TOLD : messages.join('; '),
    evidence: `${people.received.length} messages, as they came over the line`,
  });
  stage.postMortem = text;
}
