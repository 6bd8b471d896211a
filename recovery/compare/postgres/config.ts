/** PostgreSQL's configuration in two points: captured files, and the settings that the server ran with. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { seconds } from '../../../plan/duration.ts';
import { ifAbsent } from '../../core/absent.ts';
import { both, type Comparison, layAside } from '../context.ts';
import { compareFiles, compareSettings, type IsOwn } from '../settings.ts';
import { section } from '../types.ts';
import { ownNote, ownSettings } from './own.ts';

const SETTINGS = 'settings.json';
/** Made of the capture itself: modes and owners of the files. */
const LIST = 'server-files.json';

const settingRows = z.array(
  z.looseObject({ name: z.string(), setting: z.string().nullable(), unit: z.string().nullish() }),
);

/** By path below the folder. */
export async function filesBelow(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (path) => [relative(folder, path), await readFile(path)] as const)));
}

const modesIn = (content: Buffer | undefined): Map<string, string> => {
  const rows = z
    .array(z.object({ path: z.string(), mode: z.number(), owner: z.string(), group: z.string() }))
    .parse(content === undefined ? [] : JSON.parse(content.toString('utf8')));
  return new Map(rows.map(({ path, mode, owner, group }) => [path, `${mode.toString(8)} ${owner}:${group}`]));
};

/** Takes the list of carried files out of the map: it is compared by itself. */
export function takeModes(files: Map<string, Buffer>): Map<string, string> {
  const modes = modesIn(files.get(LIST));
  files.delete(LIST);
  return modes;
}

async function runningSettings(folder: string): Promise<Map<string, string> | undefined> {
  const text = await readFile(join(folder, SETTINGS), 'utf8').catch(ifAbsent(undefined));
  if (text === undefined) return undefined;
  const rows = settingRows.parse(JSON.parse(text));
  return new Map(rows.map(({ name, setting, unit }) => [name, `${setting ?? ''}${unit ?? ''}`]));
}

export const compareConfiguration: Comparison = async (context, { id }, pair) => {
  const { before, after } = await both(pair, async (capture, side) => {
    const folder = await layAside(context, capture, `${id}.${side}`);
    const files = await filesBelow(folder);
    files.delete(SETTINGS);
    const modes = takeModes(files);
    return { files, modes, settings: await runningSettings(folder) };
  });
  const { site } = context;
  const timeout = site.plan.workloads.find(({ continuous }) => continuous !== undefined)?.continuous?.archiveTimeout;
  const isWritten = ownSettings({
    stateDir: site.environment.stateDir,
    archiveTimeout: timeout === undefined ? undefined : seconds(timeout),
  });
  let own = 0;
  const isOwn: IsOwn = (...setting) => {
    const found = isWritten(...setting);
    if (found) own += 1;
    return found;
  };
  const inFiles = compareFiles(before.files, after.files, isOwn);
  const inModes = [...before.modes]
    .filter(([path, mode]) => after.modes.has(path) && after.modes.get(path) !== mode)
    .map(([path, mode]) => ({ path, fact: `${mode} → ${after.modes.get(path)}` }));
  const [old, now] = [before.settings, after.settings];
  const known = old !== undefined && now !== undefined;
  const running = known ? compareSettings('the running server', old, now, isOwn) : [];
  const gaps = known ? [] : ['settings of the running server: a copy holds no settings.json'];
  return [
    section(
      id,
      'PostgreSQL: configuration',
      [
        ...inFiles,
        ...inModes.map(({ path, fact }) => ({
          ...{ kind: 'changed' as const, what: 'mode or owner', name: path, rank: 'access' as const, facts: [fact] },
        })),
        ...running,
      ],
      { gaps, notes: ownNote(own, 'setting') },
    ),
  ];
};
