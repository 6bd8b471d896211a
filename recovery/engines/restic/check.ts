/** restic's own check of a repository, read line by line: what is missing, what is damaged. */
import { DrError } from '../../core/errors.ts';
import type { Restic } from './restic.ts';

export interface PackProblem {
  /** 64 hex digits. */
  readonly pack: string;
  readonly fact: string;
}

export interface CheckResult {
  readonly packs: readonly PackProblem[];
  /** Ids of folders that can't be read; 64 hex digits where restic gave them, else the first 8. */
  readonly trees: readonly string[];
  /** Damaged index and snapshot files, as restic says it. */
  readonly others: readonly string[];
  /** False when the check was ended early, because restic began to read missing packs again and again. */
  readonly complete: boolean;
}

const MISSING = /^pack ([0-9a-f]{64}): (does not exist|unexpected file size.*)$/;
const DAMAGED = /^(?:Pack (?:ID|size) does not match, want|pack) ([0-9a-f]{64})[, ]+(.*)$/;
const TREE = /^error for tree ([0-9a-f]{8,64}):/;
const TREE_ID = /\b(?:id|blob|tree) ([0-9a-f]{64})\b/;
const OTHER = /^(?:error: |could not load )(.*)$/;
/** `Load(<data/d5fa090188>, 26526, 0) returned error, retrying after …`: ten tries, 45 seconds, for each part of each pack. */
const RETRY = /^Load\(<data\/([0-9a-f]{10})>.* returned error, retrying/;

/** Takes restic's lines one after another. */
export class CheckReader {
  readonly #packs = new Map<string, string>();
  readonly #trees = new Set<string>();
  readonly #others = new Set<string>();
  #tree: string | undefined;

  /** True when restic begins to retry a pack that it has reported as missing. */
  line(line: string): boolean {
    const [, missing, why] = MISSING.exec(line) ?? [];
    const [, damaged, how] = DAMAGED.exec(line) ?? [];
    if (missing !== undefined) this.#packs.set(missing, why ?? '');
    else if (damaged !== undefined) {
      if (!this.#packs.has(damaged) && !/not referenced in any index/.test(line))
        this.#packs.set(damaged, /^got /.test(how ?? '') ? 'its content does not match its name' : (how ?? ''));
    }
    this.#takeTree(line);
    const other = OTHER.exec(line)?.[1];
    if (other !== undefined) this.#others.add(other);
    const asked = RETRY.exec(line)?.[1];
    return asked !== undefined && [...this.#packs.keys()].some((pack) => pack.startsWith(asked));
  }

  #takeTree(line: string): void {
    const begun = TREE.exec(line)?.[1];
    if (begun !== undefined) {
      this.#tree = begun;
      this.#trees.add(begun);
      return;
    }
    const id = TREE_ID.exec(line)?.[1];
    // The line after `error for tree` has the whole id: of the tree itself, or of a file's content that is missing.
    if (this.#tree !== undefined && id?.startsWith(this.#tree)) {
      this.#trees.delete(this.#tree);
      this.#trees.add(id);
    }
    if (line.trim() === '' || !line.startsWith(' ')) this.#tree = undefined;
  }

  result({ complete }: Pick<CheckResult, 'complete'>): CheckResult {
    const packs = [...this.#packs].map(([pack, fact]) => ({ pack, fact }));
    return { packs, trees: [...this.#trees], others: [...this.#others], complete };
  }
}

export interface CheckOptions {
  /** Part of the stored data that is read back, 0 to 100. */
  readonly percent: number;
  readonly onFraction?: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** List the snapshots first: that explains a wrong passphrase and an unreachable repository. */
export async function checkRepository(restic: Restic, options: CheckOptions): Promise<CheckResult> {
  const { percent, onFraction, signal } = options;
  const subset = percent >= 100 ? ['--read-data'] : percent <= 0 ? [] : [`--read-data-subset=${percent}%`];
  const reader = new CheckReader();
  const enough = new AbortController();
  const onLine = (line: string): void => {
    if (reader.line(line)) enough.abort();
    const percentDone = /^\[[\d:]+\]\s+(\d+(?:\.\d+)?)%/.exec(line)?.[1];
    if (percentDone !== undefined) onFraction?.(Number(percentDone) / 100);
  };
  try {
    const { exitCode, stderr } = await restic.run(['check', ...subset], {
      accept: 'any',
      env: { RESTIC_PROGRESS_FPS: '1' },
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
      onLine,
    });
    const result = reader.result({ complete: true });
    const found = result.packs.length + result.trees.length + result.others.length;
    if (exitCode === 0 || found > 0) return result;
    return { ...result, others: [stderr.trim().split('\n').slice(-3).join(' ') || `restic check ended ${exitCode}`] };
  } catch (error) {
    if (enough.signal.aborted && signal?.aborted !== true && error instanceof DrError)
      return reader.result({ complete: false });
    throw error;
  }
}
