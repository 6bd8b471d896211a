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
    good: 'a scenario of the plan, what is lost, and "next:" with a command',
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
    good: 'the point with its new mark',
    stop: 'the id is not the one that you mean: a compromised point is taken only by its id',
    back: 'mark it "clean", which takes "compromised" back',
  },
  'dr doctor': {
    good: 'every line "ok": engines, keys, folders, repositories',
    stop: 'a key is missing: the escrow file has it (dr keys open)',
    back: READS,
  },
  'dr failover': {
    good: 'both sites inspected, what would be lost, and "ready"; with --dry-run it stops there',
    stop: 'the old site still takes writes and can’t be stopped from here, or more would be lost than the RPO',
    back: 'dr failback, after the old site is a standby again',
  },
  'dr restore': {
    good: 'each tier "ready", the report "verified", exit 0',
    stop: 'it names a target that it can’t reach (exit 2) or data that is not what it was (exit 5)',
    back: 'what it replaced lies beside the new data until the report is accepted; the same command with another --to',
  },
  'dr restore --emergency-dump': {
    good: 'a folder with a dump of each database, and what could not be saved by name',
    stop: 'a table is lost that no point has either',
    back: 'nothing to undo: it only reads the damaged cluster',
  },
  'dr rebuild': {
    good: 'a preview by tier, then each tier "ready" and the data checked, exit 0',
    stop: 'the preview excludes what you need, or a tier’s check fails',
    back: 'dr rebuild --teardown --stack NAME removes the fresh stack; the old one was not touched',
  },
  'dr health': {
    good: '"healthy" in the last line, exit 0',
    stop: 'a service of tier P1 or a store "FAILED"',
    back: READS,
  },
  'dr health --performance': {
    good: 'every probe within the plan’s ratio of its baseline, exit 0',
    stop: 'a probe of tier P1 or P2 is worse (exit 4): look for what is missing, e.g. an index or a cache',
    back: READS,
  },
  'dr health --security': {
    good: 'no check "FAILED"; lines with "-" could not be seen from here',
    stop: 'a role, a policy or a port that the capture does not have',
    back: READS,
  },
  'dr verify': {
    good: 'every repository "ok"; with --deep a trial restore that was queried',
    stop: 'a finding (exit 5) in the repository that you restored from',
    back: READS,
  },
  'dr objectives': {
    good: 'nothing missed, exit 0',
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
