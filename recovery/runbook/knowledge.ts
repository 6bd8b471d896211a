/** What each command of the runbook prints when it is good, when to stop, and how to go back. By the longest beginning of its line. */

export interface Knowledge {
  /** What one sees when it went well. */
  readonly good: string;
  /** What must make one stop and call the technical lead. */
  readonly stop: string;
  /** How to undo it. */
  readonly back: string;
}

const READS = 'nothing to undo: it only reads';

const KNOWN: Readonly<Record<string, Knowledge>> = {
  'dr assess': {
    good: '"Scenario:" with one of the plan, what is lost below it, and "Next:" with a command',
    stop: 'it names another scenario than the one that was declared, or a repository does not answer',
    back: READS,
  },
  'dr points list': {
    good: 'points with the trust "ok", and a window of each store that ends shortly before the disaster',
    stop: 'no point is trusted, or the newest one is older than the RPO',
    back: READS,
  },
  'dr points diff': {
    good: 'one sentence with what changed, a section for each part, and nothing that was not compared',
    stop: 'a line with "!" that nobody of the team made, or the database is among what was not compared (exit 3)',
    back: READS,
  },
  'dr points mark': {
    good: 'the point "is marked" as you typed it, and each repository that holds it',
    stop: 'the id is not the one that you mean: a compromised point is taken only by its id',
    back: 'mark it "clean", which takes "compromised" back',
  },
  'dr doctor': {
    good: '"everything required is here" in the last line, exit 0; a line of "warning" does not hinder a restore',
    stop: 'a key is missing: the escrow file has it (dr keys open)',
    back: READS,
  },
  'dr failover': {
    good: 'who "leads since" when, the RTO and what was lost, every check "ok", exit 0',
    stop: 'the old site still takes writes and can’t be stopped from here, or a check "FAILED"',
    back: 'dr failback --stack OLD --of NEW',
  },
  'dr failover --dry-run': {
    good: '"becomes the leader", "standby" and "would be lost" with what they say today, no refusal below, exit 0',
    stop: 'more "would be lost" than the RPO, or a refusal below the table (exit 6)',
    back: READS,
  },
  'dr find': {
    good: 'the change of the mistake with its table, rows and transaction, and a "dr restore --to" that lies just before it',
    stop: 'a note names WAL that is missing, or the mistake is not listed: search further back with --since',
    back: 'nothing to undo: it reads WAL, and at most a copy of its own',
  },
  'dr restore': {
    good: 'each check "ok", a line for each tier that is back, and "ready: restored to" in the last line, exit 0',
    stop: 'it names a target that it can’t reach (exit 2) or data that is not what it was (exit 5)',
    back: 'what it replaced lies beside the new data until the report is accepted; the same command with another --to',
  },
  'dr restore --dry-run': {
    good: 'each workload with its copy, its "STATE AT" and its target; where a target holds data: "overwrite", "needs --confirm"',
    stop: 'a workload is not listed, its "STATE AT" is much older than the target, or the target is refused (exit 2, 6)',
    back: READS,
  },
  'dr restore --compare': {
    good: '"in database" with its name, and for each table how many rows are "SAME", "MISSING", "CHANGED" and "NEW"',
    stop: 'the numbers are not those of the mistake: the moment is another one',
    back: 'DROP DATABASE of the name that it printed; the live tables were only read',
  },
  'dr restore --merge': {
    good: 'the "ROWS WRITTEN" of each table, as many as the comparison has named, and "to take it back" with a command',
    stop: 'more rows would be written than were hit: look with --dry-run first',
    back: 'dr restore --undo-merge ID, as it was printed',
  },
  'dr restore --select --dry-run': {
    good: 'each object with "+" or "~" and what would change of it, and at the end "needs --confirm"',
    stop: 'a line with "!": somebody else owns a field; ask them before --force-conflicts. Or "x": it can’t be put back',
    back: READS,
  },
  'dr restore --select': {
    good: 'each object "created", "changed" or "unchanged", every workload available, exit 0',
    stop: 'a conflict: somebody else owns a field; ask them before --force-conflicts. Or a workload that stays unavailable',
    back: 'the same command with a later --to, or whatever deploys the service',
  },
  'dr restore --emergency-dump': {
    good: '"saved in" with a folder, a dump of each database in it, and what could not be saved by name',
    stop: 'a table is lost that no point has either',
    back: 'nothing to undo: it only reads the damaged cluster',
  },
  'dr rebuild': {
    good: 'a preview by tier, then "ready: stack" with its name and the data checked, exit 0',
    stop: 'the preview excludes what you need, or a tier’s check fails',
    back: 'dr rebuild --teardown --stack NAME removes the fresh stack; the old one was not touched',
  },
  'dr rebuild --dry-run': {
    good: 'the objects of each tier, and for all data what it is "RECOVERED TO"; no "excluded" that you need',
    stop: 'the preview excludes what you need, or loses more than the RPO',
    back: READS,
  },
  'dr health': {
    good: '"healthy" at the end of the last line, exit 0',
    stop: 'a service of tier P1 or a store "FAILED"',
    back: READS,
  },
  'dr health --performance': {
    good: 'every probe within the plan’s ratio of its baseline, exit 0',
    stop: 'a probe of tier P1 or P2 is worse (exit 4): look for what is missing, e.g. an index or a cache',
    back: READS,
  },
  'dr health --security': {
    good: '"nothing was found" in the last line, exit 0; lines with "-" could not be seen from here',
    stop: 'a role, a policy or a port that the capture does not have',
    back: READS,
  },
  'dr verify': {
    good: '"verdict: ok in" with every repository, exit 0; with --deep the trial restore of each below "TRIED"',
    stop: 'a finding (exit 5) in the repository that you restored from',
    back: READS,
  },
  'dr objectives': {
    good: '"no objective is missed" in the last line, exit 0',
    stop: 'an RPO that can’t be met any more: tell the incident commander',
    back: READS,
  },
  'dr isolate': {
    good: '"isolated", exit 0; what stays open is named with exit 3',
    stop: 'something stays open through which the intruder still comes',
    back: 'the same command with --undo',
  },
  'dr evidence collect': {
    good: '"collected as …", and the legal hold; gaps are named with exit 3',
    stop: 'the data directory or the logs are among the gaps',
    back: 'nothing to undo: it only reads, and writes to a place of its own',
  },
  'dr secrets rotate': {
    good: 'each secret "new in …", and what became of the old one',
    stop: 'an old password still opens something',
    back: 'none: the old ones are known to the intruder. A run that was killed resumes',
  },
};

/** Undefined for a line of another program, and for a command that has no entry. Pure. */
export function knowledgeOf(line: string): Knowledge | undefined {
  const key = Object.keys(KNOWN)
    .filter((each) => line === each || line.startsWith(`${each} `) || (each.includes(' --') && hasAll(line, each)))
    .sort((a, b) => b.length - a.length)[0];
  return key === undefined ? undefined : KNOWN[key];
}

/** Whether nothing changes by it. Pure. */
export function onlyReads(line: string): boolean {
  return line.split(' ').includes('--dry-run') || knowledgeOf(line)?.back === READS;
}

/** Whether the line has every word of the entry, whatever stands between. */
function hasAll(line: string, entry: string): boolean {
  const words = line.split(' ');
  return entry.split(' ').every((word) => words.includes(word));
}
