/** What settings of buckets went by: a bucket's default lock, and who may list it. Kept in a file, because a region starts again. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { ifAbsent } from '../../../recovery/core/absent.ts';
import { isRecord, parseJson } from '../../../recovery/core/json.ts';

export interface Learned {
  /** Buckets with a default retention. */
  readonly locked: readonly string[];
  /** By bucket: access keys that its policy lets list it. */
  readonly listers: Readonly<Record<string, readonly string[]>>;
}

export const NOTHING: Learned = { locked: [], listers: {} };

/** The settings whose content matters here. */
export const LEARNED_FROM = ['object-lock', 'policy'] as const;
type Setting = (typeof LEARNED_FROM)[number];

const textsOf = (value: unknown): string[] => [value].flat().filter((item) => typeof item === 'string');

function listersOf(policy: unknown): string[] {
  const statements = isRecord(policy) ? [policy.Statement].flat().filter(isRecord) : [];
  return statements.flatMap(({ Effect, Action, Principal }) => {
    const lists = textsOf(Action).some((action) => ['s3:ListBucket', 's3:List*', 's3:*', '*'].includes(action));
    if (Effect !== 'Allow' || !lists) return [];
    return isRecord(Principal) ? textsOf(Principal.AWS) : textsOf(Principal);
  });
}

/** `body` is what was put, and the server took it. */
export function learn(learned: Learned, bucket: string, setting: Setting, body: string): Learned {
  if (setting === 'policy')
    return { ...learned, listers: { ...learned.listers, [bucket]: listersOf(parseJson(body)) } };
  const others = learned.locked.filter((name) => name !== bucket);
  return { ...learned, locked: body.includes('<DefaultRetention>') ? [...others, bucket] : others };
}

export async function readLearned(file: string): Promise<Learned> {
  const text = await readFile(file, 'utf8').catch(ifAbsent(undefined));
  return text === undefined ? NOTHING : (JSON.parse(text) as Learned);
}

export async function writeLearned(file: string, learned: Learned): Promise<void> {
  await writeFile(`${file}.next`, JSON.stringify(learned), { mode: 0o600 });
  await rename(`${file}.next`, file);
}
