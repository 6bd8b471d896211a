/** Contains a breach by the commands that a person types: the site is cut off, then its evidence is kept and checked. */
import { z } from 'zod';
import type { Platform } from '../platform/platform.ts';
import type { Stage } from '../stage.ts';

const isolation = z.object({
  done: z.array(z.string()),
  gaps: z.array(z.object({ id: z.string(), fact: z.string() })),
});

/** What this platform leaves open by itself: `dr` uses the one user of Redis that the services use. */
const EXPECTED_OPEN = ['redis/default'];

export async function cutOff(stage: Stage, platform: Platform): Promise<z.infer<typeof isolation>> {
  const args = ['isolate', '--confirm', platform.environment.name];
  const { data } = await stage.dr(platform).call(args, { answer: isolation, accept: [0, 3] });
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
export async function preserveEvidence(stage: Stage, platform: Platform, repository: string): Promise<Evidence> {
  const { name } = platform.environment;
  const dr = stage.dr(platform);
  const where = ['--name', stage.options.scenario, '--path', platform.paths.logs, '--repository', repository];
  const args = ['evidence', 'collect', ...where, '--confirm', name];
  const { data } = await dr.call(args, { answer: collected, accept: [0, 3] });
  const { manifest, held } = data;
  await dr.run(['evidence', 'verify', manifest.id, '--repository', repository]);
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
