/** Contains a breach by the commands that a person types: the site is cut off, then its evidence is kept and checked. */
import { z } from 'zod';
import { EXIT } from '../../recovery/core/errors.ts';
import type { Walk } from '../people/types.ts';
import { answerOf } from '../recover.ts';
import type { Stage } from '../stage.ts';

const isolation = z.object({
  done: z.array(z.string()),
  gaps: z.array(z.object({ id: z.string(), fact: z.string() })),
});

/** What this platform leaves open by itself: `dr` uses the one user of Redis that the services use. */
const EXPECTED_OPEN = ['redis/default'];

export async function cutOff(stage: Stage, walk: Walk): Promise<z.infer<typeof isolation>> {
  const line = `dr isolate --confirm ${walk.platform().environment.name}`;
  const data = answerOf(
    await walk.step('dr isolate', { lines: [line], accept: [EXIT.partial] }),
    'dr isolate',
    isolation,
  );
  const others = data.gaps.filter(({ id }) => !EXPECTED_OPEN.includes(id));
  stage.check({
    id: 'security/isolated',
    title: 'the site is cut off, and what stays open is named',
    expected: 'nothing but the user of Redis that everybody shares',
    actual:
      others.length === 0
        ? 'nothing but the user of Redis that everybody shares'
        : others.map(({ fact }) => fact).join('; '),
    evidence: 'the answer of `dr isolate`',
  });
  return data;
}

const collected = z.object({
  manifest: z.object({
    id: z.string(),
    parts: z.array(z.object({ files: z.number(), bytes: z.number() })),
    gaps: z.array(z.object({ id: z.string(), fact: z.string() })),
  }),
  held: z.object({ held: z.boolean(), objects: z.number().optional(), fact: z.string().optional() }),
});

export interface Evidence {
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
  readonly held: string;
}

/** @param repository whose writer's keys the intruder has too: what he hid there hides no evidence */
export async function preserveEvidence(stage: Stage, walk: Walk, repository: string): Promise<Evidence> {
  const { name } = walk.platform().environment;
  const command = 'dr evidence collect';
  const line = `${command} --name ${stage.options.scenario} --repository ${repository} --confirm ${name}`;
  const answers = await walk.step(command, { lines: [line], accept: [EXIT.partial] });
  const { manifest, held } = answerOf(answers, command, collected);
  await stage.dr(walk.platform()).run(['evidence', 'verify', manifest.id, '--repository', repository]);
  // The intruder has removed a repository: that its listing can't be had is the only gap.
  const gaps = manifest.gaps.filter(({ id }) => id !== 'listing/local');
  stage.check({
    id: 'security/evidence',
    title: 'the evidence is complete, on legal hold and verified',
    expected: 'complete, held',
    actual: `${gaps.length === 0 ? 'complete' : gaps.map(({ fact }) => fact).join('; ')}, ${held.held ? 'held' : held.fact}`,
    evidence: `dr evidence verify ${manifest.id}`,
  });
  const sum = (of: (part: (typeof manifest.parts)[number]) => number): number =>
    manifest.parts.reduce((all, part) => all + of(part), 0);
  const files = sum((part) => part.files);
  const hold = held.held ? `${held.objects} objects on legal hold` : 'no legal hold';
  return { id: manifest.id, files, bytes: sum((part) => part.bytes), held: hold };
}
