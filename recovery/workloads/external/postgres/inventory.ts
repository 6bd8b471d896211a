/** What a dump of an external server holds, beside the dumped files: a restore is made and judged by it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { verificationFailed } from '../../../core/errors.ts';
import { writeFile } from '../../../core/files/writes.ts';

const FILE = 'inventory.json';

const tableSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  rows: z.number().int().nonnegative(),
  /** Of all rows in any order; absent for a table that is too large to be hashed at each dump. */
  digest: z.string().optional(),
});
export type DumpedTable = z.infer<typeof tableSchema>;

const databaseSchema = z.strictObject({
  name: z.string(),
  /** Below the capture. */
  folder: z.string(),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  tables: z.array(tableSchema),
  /** Tables that the user may not read: `public.salaries`. */
  lacking: z.array(z.string()),
});
export type DumpedDatabase = z.infer<typeof databaseSchema>;

const inventorySchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('ExternalDump'),
  server: z.string(),
  serverVersion: z.string(),
  databases: z.array(databaseSchema),
  /** Databases that the user may not connect to. */
  lacking: z.array(z.string()),
  /** False where the user may not read the hashes of passwords. */
  rolePasswords: z.boolean(),
});
export type Inventory = z.infer<typeof inventorySchema>;

export const tableName = ({ schema, name }: Pick<DumpedTable, 'schema' | 'name'>): string => `${schema}.${name}`;

export async function writeInventory(folder: string, inventory: Inventory): Promise<void> {
  await writeFile(join(folder, FILE), `${JSON.stringify(inventory, undefined, 1)}\n`, { mode: 0o600 });
}

/** Throws `CAPTURE-DAMAGED` (exit 5). */
export async function readInventory(folder: string): Promise<Inventory> {
  try {
    return inventorySchema.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch (cause) {
    throw verificationFailed({
      code: 'CAPTURE-DAMAGED',
      where: join(folder, FILE),
      fact: 'the dump does not say what it holds',
      hint: 'take another point or repository (`dr points`, --from)',
      cause,
    });
  }
}

/** Everything that the user of the dump could not read, for people. */
export function lackingOf({ databases, lacking }: Inventory): string[] {
  return [
    ...lacking.map((name) => `database ${name}`),
    ...databases.flatMap(({ name, lacking: tables }) => tables.map((table) => `table ${table} of ${name}`)),
  ];
}
