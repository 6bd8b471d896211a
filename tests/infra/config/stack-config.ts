/** A shipped stack's config as the engine hands it over, with some of it replaced. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, parseConfig, type StackConfig } from '../../../infra/config/config.ts';
import { secretSchemas } from '../../../infra/config/schema.ts';
import { shippedConfig, TEST_SECRETS } from '../recording.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Changes {
  /** `undefined` takes a key away. */
  readonly config?: Json;
  /** Keys that are encrypted. @default every key that has to be */
  readonly secretKeys?: readonly string[];
  /** Text of `Pulumi.<stack>.yaml`. @default the shipped one */
  readonly file?: string;
}

async function stackFileText(stack: string): Promise<string> {
  return readFile(join(import.meta.dirname, '..', '..', '..', `Pulumi.${stack}.yaml`), 'utf8');
}

/** Throws ConfigError. */
export async function configOf(stack: string, { config = {}, secretKeys, file }: Changes = {}): Promise<StackConfig> {
  const all = { ...(await shippedConfig(stack)), ...TEST_SECRETS[stack], ...config };
  const values = Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, typeof value === 'string' ? value : JSON.stringify(value)] as const],
    ),
  );
  const text = file ?? (await stackFileText(stack));
  return parseConfig({
    stack,
    values,
    secretKeys: secretKeys ?? Object.keys(secretSchemas),
    file: { name: `Pulumi.${stack}.yaml`, text },
  });
}

/** What is said of it, line by line; fails where nothing is. */
export async function complaints(stack: string, changes: Changes): Promise<string> {
  try {
    await configOf(stack, changes);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`the config of ${stack} was taken: ${JSON.stringify(changes.config)}`);
}
