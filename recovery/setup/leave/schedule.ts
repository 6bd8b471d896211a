/** Lines of cron and units of systemd on this host that run `dr`. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ifAbsent, namesIn } from '../../core/absent.ts';
import { hasCode } from '../../core/errors.ts';
import { shellWord } from '../../core/quote.ts';
import { type Answer, ask } from '../found.ts';

export interface Scheduled {
  /** A file of cron, or a unit. */
  readonly file: string;
  readonly kind: 'cron' | 'unit';
  /** Numbers of the lines, from 1. */
  readonly lines: readonly number[];
  /** The file has lines of others too. */
  readonly shared: boolean;
}

const CRON_FILES = ['etc/crontab'];
const CRON_FOLDERS = ['etc/cron.d', 'var/spool/cron/crontabs', 'var/spool/cron'];
const UNITS = 'etc/systemd/system';

/** `dr backup`, `/usr/local/bin/dr verify`, `npm run -s dr -- objectives` */
const RUNS_DR =
  /(^|[\s/])dr(?:\s+--)?\s+(?:-{1,2}\S+\s+(?:\/\S+\s+)?)*(backup|verify|objectives|offsite|prune|monitor|drill|health)\b/;

const isWord = (line: string): boolean => line.trim() !== '' && !/^\s*(#|[A-Za-z_]+\s*=)/.test(line);

/** Pure. Undefined for a text that runs nothing of `dr`. */
export function drLines(text: string): Pick<Scheduled, 'lines' | 'shared'> | undefined {
  const all = text.split('\n');
  const own = all.flatMap((line, i) => (isWord(line) && RUNS_DR.test(line) ? [i + 1] : []));
  return own.length === 0 ? undefined : { lines: own, shared: all.filter(isWord).length > own.length };
}

async function inFolder(folder: string): Promise<string[]> {
  return (await namesIn(folder)).map((name) => join(folder, name));
}

/** Undefined for a folder: `/var/spool/cron` has one in it. */
async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8')
    .catch(ifAbsent(undefined))
    .catch((error: unknown) => {
      if (hasCode(error, 'EISDIR')) return undefined;
      throw error;
    });
}

async function cronIn(root: string): Promise<Scheduled[]> {
  const folders = await Promise.all(CRON_FOLDERS.map((folder) => inFolder(join(root, folder))));
  const files = [...CRON_FILES.map((file) => join(root, file)), ...folders.flat()];
  const found = await Promise.all(
    files.map(async (file): Promise<Scheduled[]> => {
      const own = drLines((await textOf(file)) ?? '');
      return own === undefined ? [] : [{ file, kind: 'cron', ...own }];
    }),
  );
  return found.flat();
}

/** A service that runs `dr`, and the timer of its name. */
async function unitsIn(root: string): Promise<Scheduled[]> {
  const folder = join(root, UNITS);
  const files = await inFolder(folder);
  const services = await Promise.all(
    files.map(async (file) => {
      const text = file.endsWith('.service') ? await textOf(file) : undefined;
      const runs = (text ?? '')
        .split('\n')
        .some((line) => /^Exec\w+=/.test(line) && RUNS_DR.test(line.replace(/^Exec\w+=/, '')));
      return runs ? [file] : [];
    }),
  );
  return services.flat().flatMap((service): Scheduled[] => {
    const timer = service.replace(/\.service$/, '.timer');
    return [...(files.includes(timer) ? [timer] : []), service].map((file) => ({
      file,
      kind: 'unit',
      lines: [],
      shared: false,
    }));
  });
}

/** @param root @default the root of this host */
export async function findSchedule(root = '/'): Promise<Answer<Scheduled[]>> {
  return ask('schedule', async () => [...(await cronIn(root)), ...(await unitsIn(root))]);
}

export function stopCommands(found: readonly Scheduled[]): string[] {
  const units = found.filter(({ kind }) => kind === 'unit');
  return [
    ...found
      .filter(({ kind }) => kind === 'cron')
      .map(({ file, lines, shared }) =>
        shared
          ? `sed -i.before-leaving '${lines.map((n) => `${n}d`).join(';')}' ${shellWord(file)}`
          : `rm ${shellWord(file)}`,
      ),
    ...(units.length === 0 ? [] : [`systemctl disable --now ${units.map(({ file }) => basename(file)).join(' ')}`]),
    ...units.map(({ file }) => `rm ${shellWord(file)}`),
    ...(units.length === 0 ? [] : ['systemctl daemon-reload']),
  ];
}
