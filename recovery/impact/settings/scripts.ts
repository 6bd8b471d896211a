/** The scripts that PostgreSQL and Patroni call: what each must do, and its lines. Pure. */
import type { Area, Fact } from '../fact.ts';

interface Duty {
  readonly area: Area;
  readonly does: string;
  readonly by: RegExp;
  readonly harm: string;
}

const GET: Omit<Duty, 'by'> = {
  area: 'recovery',
  does: 'reads WAL from the archive, and stops the server where the archive can’t be read',
  harm: 'a restore ends early and opens for writes, or can’t read the archive',
};

const DUTIES: Readonly<Record<string, Duty>> = {
  'archive-push.sh': {
    area: 'archiving',
    does: 'ships WAL to every repository',
    by: /^(exec\s+)?pgbackrest\b.*\barchive-push\b/,
    harm: 'PostgreSQL removes WAL that no repository has',
  },
  'archive-get.sh': { ...GET, by: /^(exec\s+)?pgbackrest\b.*\barchive-get\b/ },
  'source-get.sh': { ...GET, by: /^(exec\s+)?pgbackrest\b.*\barchive-get\b/ },
  'restore.sh': {
    area: 'recovery',
    does: 'fills an empty data directory from a backup',
    by: /^(exec\s+)?pgbackrest\b.*\brestore\b/,
    harm: 'a new server, or a standby, can’t be filled',
  },
  'archive-missing.sh': {
    area: 'archiving',
    does: 'ships what a dead leader had not shipped',
    by: /\.ready\b/,
    harm: 'the archive has a gap after a failover, and no recovery gets past it',
  },
  'start.sh': {
    area: 'data',
    does: 'starts only on a volume of its own generation',
    // The other comparison is of the major version.
    by: /\[ "\$held" != (?!"\$ours")/,
    harm: 'a former leader starts on old data and archives over its successor’s',
  },
};

/** Ends the script before what follows, unless it is part of a condition. */
const ENDS = /^(exit( 0)?|exec true|return 0)$/;
const SWALLOWS = /\|\|\s*(true|:|exit 0)\s*$/;

const EXITS = '[ "$failed" -eq 0 ] && exit 0; exit "$failed"';

/** One push with its `exec`, or one in a function for each repository: each is called, and the worst of their codes is the script's. */
function shipsToAll(lines: readonly string[], by: RegExp): boolean {
  const pushes = lines.filter((line) => by.test(line));
  if (pushes.some((line) => SWALLOWS.test(line))) return false;
  const functions = lines.flatMap((line) => /^push_(\d+)\(\) \{$/.exec(line)?.[1] ?? []);
  if (functions.length === 0) return pushes.length === 1;
  if (lines.some((line) => ENDS.test(line))) return false;
  const called = /^for repository in ([\d ]+); do$/.exec(lines.find((line) => line.startsWith('for ')) ?? '')?.[1];
  return (
    pushes.length === functions.length &&
    called === functions.join(' ') &&
    lines.some((line) => line.endsWith('else failed=$?; fi')) &&
    lines.filter((line) => /\bexit\b/.test(line) && !/\|\| exit [1-9]\d*$/.test(line)).join('; ') === EXITS
  );
}

function fulfils(lines: readonly string[], { by, area }: Duty): boolean {
  const found = lines.findIndex((line) => by.test(line));
  if (found < 0) return false;
  if (area === 'archiving' && /pgbackrest/.test(lines[found] ?? '') && !shipsToAll(lines, by)) return false;
  return !lines.slice(0, found).some((before) => ENDS.test(before));
}

export function scriptFacts(text: string, of: string, file: string): Fact[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const duty = DUTIES[file];
  const items = { all: lines, more: 'unknown', fewer: 'unknown' } as const;
  const text_: Fact = {
    area: duty?.area ?? 'recovery',
    what: `lines of ${of}`,
    value: `${lines.length} lines`,
    items,
    of,
  };
  if (duty === undefined) return [text_];
  const does = fulfils(lines, duty);
  return [
    {
      ...{
        area: duty.area,
        what: `what ${of} does`,
        value: does ? duty.does : 'it does not: '.concat(duty.does),
        worth: does ? 1 : 0,
        of,
      },
      harm: { store: 'postgres', says: duty.harm },
    },
    text_,
  ];
}
