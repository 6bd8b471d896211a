/** Stacks through Pulumi's Automation API. Its packages are loaded only here, and only when they are needed. */

import type { StackEngine } from '../stacks/engine.ts';
import type { Logger } from './log.ts';

export interface EngineOptions {
  /** Folder with Pulumi.yaml. @default this program's root */
  readonly project?: string;
  readonly log?: Logger;
}

/** Throws PULUMI-MISSING or PULUMI-OLD (exit 2). */
export async function openStackEngine(_options: EngineOptions = {}): Promise<StackEngine> {
  throw new Error('not yet');
}
