/** The plan's post-mortem, filled from the events. What only people know is asked for by its name. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import type { Plan } from '../../../plan/types.ts';
import { formatTime } from '../../report/format.ts';
import { clocksOf } from '../clocks.ts';
import type { Incident } from '../incident.ts';
import { type FieldValues, fillText, templateOf } from '../messages/template.ts';
import { timelineOf } from '../timeline.ts';
import { type Block, parseBlock } from './document.ts';

export interface PostMortem {
  readonly title: string;
  readonly blocks: readonly Block[];
  /** Fields of the template that nobody has filled: `lessons`, `action`. Empty when it can be published. */
  readonly missing: readonly string[];
}

/** The fields that people answer by a flag of that name. */
export const ANSWERED_FIELDS = ['title', 'summary', 'root-cause', 'resolution', 'lessons'] as const;

function valuesOf(incident: Incident, plan: Plan): FieldValues {
  const { answers, resolution, declaredAt, scenario, issue } = incident;
  const known = plan.scenarios.find(({ id }) => id === scenario)?.title ?? scenario;
  return {
    date: declaredAt.slice(0, 10),
    title: answers.title ?? issue ?? known,
    summary: answers.summary,
    'root-cause': answers['root-cause'] ?? resolution?.rootCause,
    resolution: answers.resolution ?? resolution?.resolution,
    lessons: answers.lessons,
  };
}

const MISSING = 'To be written';

export function writePostMortem(incident: Incident, plan: Plan, now: Date): PostMortem {
  const template = templateOf(plan, 'post-mortem');
  const values = valuesOf(incident, plan);
  const actions = incident.followUps.filter(({ id }) => id.startsWith('action-'));
  const repeated = new Map<string, readonly Block[]>([
    ['time', timelineItems(incident)],
    ['event', timelineItems(incident)],
    ['action', actions.map(followUpItem)],
  ]);
  const missing = [
    ...template.fields
      .map(({ name }) => name)
      .filter((name) => !repeated.has(name) && (values[name] ?? '').trim() === ''),
    ...(actions.length === 0 && template.fields.some(({ name }) => name === 'action') ? ['action'] : []),
  ];
  const shown = { ...values, ...Object.fromEntries(missing.map((name) => [name, `${MISSING}: ${name}`])) };
  const done = new Set<readonly Block[] | undefined>();
  const fromTemplate = template.text.split('\n').flatMap((line): Block[] => {
    const list = template.fields.find(
      ({ name, placeholder }) => repeated.has(name) && line.includes(placeholder),
    )?.name;
    if (list === undefined) {
      const block = parseBlock(line);
      // The line's shape is the template's; what people wrote has none.
      return block === undefined
        ? []
        : [{ ...block, text: fillText({ text: block.text, fields: template.fields }, shown) }];
    }
    // The template has two lines of each as an example.
    const key = list === 'event' ? 'time' : list;
    const items = repeated.get(key);
    if (done.has(items)) return [];
    done.add(items);
    return items === undefined || items.length === 0
      ? [{ kind: 'item', text: `${MISSING}: ${key}`, done: false }]
      : [...items];
  });
  const blocks = [...fromTemplate, ...facts(incident, plan, now)];
  const title = fromTemplate.find((block) => block.kind === 'heading')?.text ?? incident.id;
  return {
    title: incident.exercise ? `[EXERCISE] ${title}` : title,
    blocks: headed(blocks, incident.exercise),
    missing,
  };
}

function headed(blocks: readonly Block[], exercise: boolean): Block[] {
  const [first, ...rest] = blocks;
  if (!exercise || first === undefined) return [...blocks];
  return [{ ...first, text: `[EXERCISE] ${first.text}` }, ...rest];
}

function timelineItems(incident: Incident): Block[] {
  return timelineOf(incident).map(({ at, text }) => ({ kind: 'item', text: `${formatTime(at)}: ${text}` }));
}

function followUpItem({ title, owner, dueAt, done }: Incident['followUps'][number]): Block {
  return { kind: 'item', text: `${title}, ${owner}, due ${dueAt.slice(0, 10)}`, done: done !== undefined };
}

function facts(incident: Incident, plan: Plan, now: Date): Block[] {
  const heading = (text: string): Block => ({ kind: 'heading', level: 2, text });
  const items = (lines: readonly string[], none: string): Block[] =>
    lines.length === 0 ? [{ kind: 'text', text: none }] : lines.map((text) => ({ kind: 'item', text }));
  const { sinceDeclaredSeconds, tiers } = clocksOf(incident, plan, now);
  const { commands, roles, followUps, resolvedAt, problems } = incident;
  const state = resolvedAt === undefined ? 'so far' : `until ${formatTime(resolvedAt)}`;
  return [
    heading('Duration and Objectives'),
    { kind: 'text', text: `${formatDuration(sinceDeclaredSeconds)} from the declaration ${state}.` },
    ...items(
      tiers.map(({ tier, objectiveSeconds, backAfterSeconds }) => {
        const objective = `objective ${formatDuration(objectiveSeconds)}`;
        if (backAfterSeconds === undefined) return `${tier}: no command brought it back (${objective})`;
        const met = backAfterSeconds <= objectiveSeconds ? 'met' : 'missed';
        return `${tier}: back after ${formatDuration(backAfterSeconds)} (${objective}, ${met})`;
      }),
      'The plan has no tiers.',
    ),
    heading('Data Lost'),
    ...items([...new Set(commands.flatMap(({ lost }) => lost))], 'No command reported a loss.'),
    heading('Commands'),
    ...items(
      commands.map(({ line, by, startedAt, endedAt, exit, failed }) => {
        const end =
          endedAt === undefined ? 'no end is known' : failed === undefined ? `exit ${exit}` : `failed: ${failed}`;
        return `${formatTime(startedAt)} ${line} (${by}): ${end}`;
      }),
      'No command ran.',
    ),
    heading('Roles'),
    ...items(
      roles.map(({ role, person, as, since }) => `${role}: ${person} (${as}, since ${formatTime(since)})`),
      'Nobody held a role.',
    ),
    heading('Follow-ups'),
    ...(followUps.length === 0 ? items([], 'None yet.') : followUps.map(followUpItem)),
    ...(problems.length === 0
      ? []
      : [
          heading('Events That Can’t Be Trusted'),
          ...items(
            problems.map(({ key, fact }) => `${key}: ${fact}`),
            '',
          ),
        ]),
  ];
}
