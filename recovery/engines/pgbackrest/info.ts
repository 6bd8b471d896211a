/** Parses `pgbackrest info --output=json` and `repo-ls --output=json`. */
import { z } from 'zod';

const lsn = z.object({ start: z.string().nullable(), stop: z.string().nullable() });

const backupSchema = z.object({
  archive: lsn,
  database: z.object({ id: z.number(), 'repo-key': z.number() }),
  error: z.boolean().nullish(),
  info: z.object({
    size: z.number(),
    delta: z.number(),
    repository: z.object({ size: z.number().nullish(), delta: z.number() }),
  }),
  label: z.string(),
  lsn,
  prior: z.string().nullable(),
  reference: z.array(z.string()).nullable(),
  timestamp: z.object({ start: z.number(), stop: z.number() }),
  type: z.enum(['full', 'diff', 'incr']),
});

const stanzaSchema = z.object({
  name: z.string(),
  backup: z.array(backupSchema),
  archive: z.array(
    z.object({
      database: z.object({ id: z.number(), 'repo-key': z.number() }),
      id: z.string(),
      max: z.string().nullable(),
      min: z.string().nullable(),
    }),
  ),
  db: z.array(
    z.object({ id: z.number(), 'repo-key': z.number(), 'system-id': z.number().or(z.string()), version: z.string() }),
  ),
  status: z.object({ code: z.number(), message: z.string() }),
  repo: z.array(
    z.object({ key: z.number(), cipher: z.string(), status: z.object({ code: z.number(), message: z.string() }) }),
  ),
});

export type BackupInfo = z.infer<typeof backupSchema>;
export type StanzaInfo = z.infer<typeof stanzaSchema>;

/** The system id has more digits than a JavaScript number holds: keep it as text. */
function quoteSystemIds(json: string): string {
  return json.replaceAll(/"system-id":\s*(\d+)/g, '"system-id":"$1"');
}

/** pgBackRest quotes bytes that it could not read: with a wrong passphrase that is noise, and the output is not JSON. */
export function readableJson(output: string): string {
  return output.replaceAll(/\p{Cc}+/gu, ' ');
}

/** Undefined when the repository does not know the stanza, or can't read what it holds of it. Throws on output that is not pgBackRest's. */
export function parseInfo(json: string, stanza: string): StanzaInfo | undefined {
  const stanzas = z
    .array(z.looseObject({ name: z.string(), status: z.object({ code: z.number() }) }))
    .parse(JSON.parse(json));
  const found = stanzas.find((entry) => entry.name === stanza);
  // 1: missing stanza path; 3: missing stanza data; 99: something that can't be read. None has sets to list.
  if (!found || [1, 3, 99].includes(found.status.code)) return undefined;
  const all = z.array(z.unknown()).parse(JSON.parse(quoteSystemIds(json)));
  return stanzaSchema.parse(all[stanzas.indexOf(found)]);
}

const statusSchema = z.array(
  z.looseObject({
    repo: z.array(z.object({ status: z.object({ code: z.number(), message: z.string() }) })).optional(),
  }),
);

/** What pgBackRest could not read in the first repository of an `info`; undefined when nothing is wrong. */
export function unreadable(json: string): string | undefined {
  const status = statusSchema.parse(JSON.parse(json))[0]?.repo?.[0]?.status;
  return status?.code === 99 ? status.message : undefined;
}

const listingSchema = z.record(z.string(), z.object({ type: z.string(), size: z.number().optional() }));

/** Paths of the files, relative to the listed folder. */
export function parseListing(json: string): string[] {
  return Object.entries(listingSchema.parse(JSON.parse(json)))
    .filter(([, entry]) => entry.type === 'file')
    .map(([path]) => path);
}
