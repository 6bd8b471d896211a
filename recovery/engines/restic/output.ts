/** Parses restic's JSON. */
import { z } from 'zod';

const snapshotSchema = z.object({
  id: z.string(),
  tree: z.string(),
  time: z.string(),
  paths: z.array(z.string()),
  hostname: z.string(),
  tags: z.array(z.string()).nullish(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

export function parseSnapshots(json: string): Snapshot[] {
  return z.array(snapshotSchema).parse(JSON.parse(json) ?? []);
}

const summarySchema = z.object({
  message_type: z.literal('summary'),
  snapshot_id: z.string(),
  total_bytes_processed: z.number(),
  total_files_processed: z.number(),
  data_added: z.number(),
});
export type BackupSummary = z.infer<typeof summarySchema>;

/** `restic backup --json` prints status lines and one summary. Throws when there is none. */
export function parseBackupSummary(stdout: string): BackupSummary {
  const line = stdout.split('\n').findLast((l) => l.includes('"message_type":"summary"'));
  if (line === undefined) throw new Error('restic backup printed no summary');
  return summarySchema.parse(JSON.parse(line));
}

const statusSchema = z.object({ percent_done: z.number() });

/** The fraction that a status line of `restic backup --json` says is done. */
export function parseStatus(line: string): number | undefined {
  if (!line.startsWith('{"message_type":"status"')) return undefined;
  return statusSchema.safeParse(JSON.parse(line)).data?.percent_done;
}
