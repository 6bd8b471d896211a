/** What became of a mutation: who noticed it, or the proof that it loses nothing. */
import { expectWhole } from '../faults/evidence.ts';
import { dr, type Golden } from '../faults/golden.ts';

export type Verdict =
  /** `dr` would not work with the repository at all. */
  | { readonly by: 'refused' | 'plain' | 'deep'; readonly fact: string }
  /** Both points restore to what was backed up. */
  | { readonly by: 'harmless' }
  /** Verification said ok, and what is restored is not what was backed up. */
  | { readonly by: 'escape'; readonly fact: string };

/** `dr verify` ends with it when it has found something. */
const FOUND = 5;

interface Repository {
  readonly findings: readonly { readonly code: string; readonly fact: string }[];
  readonly error?: { readonly code: string; readonly fact: string };
}

/** Undefined where verification is content. */
async function noticed(envFile: string, args: readonly string[]): Promise<{ exit: number; fact: string } | undefined> {
  const { exitCode, stdout, stderr } = await dr(envFile, ['verify', '-o', 'json', ...args]);
  if (exitCode === 0) return undefined;
  if (exitCode === undefined) throw new Error(`dr verify ${args.join(' ')} was ended by its time limit: ${stderr}`);
  const { repositories = [] } = (stdout === '' ? {} : JSON.parse(stdout)) as { repositories?: readonly Repository[] };
  const [first] = repositories.flatMap(({ findings, error }) => [...findings, ...(error ? [error] : [])]);
  return { exit: exitCode, fact: first === undefined ? stderr.trim() : `${first.code} ${first.fact}` };
}

/** Undefined where the point comes back whole. */
async function loss(golden: Golden, point: 'latest' | 'full'): Promise<string | undefined> {
  const site = await golden.emptySite(`to-${point}`);
  const to = point === 'latest' ? 'latest' : golden.facts.points.full;
  const { exitCode, stderr } = await dr(site.envFile, ['restore', '--to', to, '--from', 'local', '--no-backup']);
  try {
    if (exitCode !== 0) return `restore --to ${point} ends ${exitCode}: ${stderr.trim()}`;
    // Of the older point only the newest state of the folders is known.
    if (point === 'latest') await expectWhole(site, golden.facts);
    return undefined;
  } catch (error) {
    return `restore --to ${point} ends 0, and the data is not what was backed up: ${String(error)}`;
  } finally {
    await site.kill9();
  }
}

/** On a host that has never seen the repositories. */
export async function judge(golden: Golden): Promise<Verdict> {
  const { envFile } = await golden.emptySite('looks');
  const plain = await noticed(envFile, []);
  if (plain !== undefined) return { by: plain.exit === FOUND ? 'plain' : 'refused', fact: plain.fact };
  const deep = await noticed(envFile, ['--deep', '--repository', 'local', '--read-data', '100']);
  if (deep !== undefined) return { by: 'deep', fact: deep.fact };
  const fact = (await loss(golden, 'latest')) ?? (await loss(golden, 'full'));
  return fact === undefined ? { by: 'harmless' } : { by: 'escape', fact };
}
