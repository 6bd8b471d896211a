/** Where a set puts files outside of the data directory: its links (`pg_wal`, `postgresql.conf`) and its tablespaces. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { STANZA } from '../../../plan/layout.ts';
import type { Repository } from '../../config/site.ts';
import { readableJson } from './info.ts';
import type { PgBackRest } from './pgbackrest.ts';

export const setLayoutSchema = z.strictObject({
  /** `name`: relative to the data directory. `destination`: absolute. */
  links: z.array(z.strictObject({ name: z.string(), destination: z.string() })),
  tablespaces: z.array(z.strictObject({ name: z.string(), destination: z.string() })),
});
export type SetLayout = z.infer<typeof setLayoutSchema>;

const entries = z.array(z.looseObject({ name: z.string(), destination: z.string() })).nullish();
const described = z.array(
  z.looseObject({
    name: z.string(),
    backup: z.array(z.looseObject({ label: z.string(), link: entries, tablespace: entries })).optional(),
  }),
);

/** Pure: output of `info --set --output=json`. A link may be relative to its own folder. */
function parseLayout(json: string, set: string, dataDir: string): SetLayout {
  const stanza = described.parse(JSON.parse(readableJson(json))).find(({ name }) => name === STANZA);
  const found = stanza?.backup?.find(({ label }) => label === set);
  return {
    links: (found?.link ?? []).map(({ name, destination }) => ({
      name,
      destination: resolve(dataDir, name, '..', destination),
    })),
    tablespaces: (found?.tablespace ?? []).map(({ name, destination }) => ({ name, destination })),
  };
}

/** Reads the set's manifest. A set that is not listed has no layout: the preflight names it. */
export async function readSetLayout(
  pg: PgBackRest,
  repository: Repository,
  { set, dataDir }: { readonly set: string; readonly dataDir: string },
): Promise<SetLayout> {
  const args = [`--repo=${pg.number(repository)}`, `--set=${set}`, '--output=json', '--log-level-console=error'];
  return parseLayout((await pg.run('info', args)).stdout, set, dataDir);
}
