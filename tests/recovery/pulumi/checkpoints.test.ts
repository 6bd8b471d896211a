import { expect, test } from 'vitest';
import { engineEnv } from '../../../recovery/pulumi/cli.ts';
import { engineStack, type StackParts } from '../../../recovery/pulumi/stack.ts';

test('only a preview goes without checkpoints; an update keeps them, whatever the operator’s shell says', async () => {
  const usual = engineEnv({ path: '/opt/pulumi/pulumi', version: '3.200.0' });
  const workspace = { envVars: usual };
  const seen: (string | undefined)[] = [];
  const operation = () => {
    seen.push((workspace.envVars as Record<string, string>).PULUMI_SKIP_CHECKPOINTS);
    return Promise.resolve({});
  };
  const parts = { name: 'dr', workspace, stack: { preview: operation, up: operation } } as unknown as StackParts;
  const stack = engineStack(parts);
  await stack.up({ takeOver: true });
  await stack.preview();
  await stack.up();
  expect(seen).toEqual(['false', 'true', 'false']);
  expect(workspace.envVars).toBe(usual);
});
