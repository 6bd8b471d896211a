/** One run of the engine: reports its events as they arrive, then its outcome. */
import type { EngineEvent, OutputMap } from '@pulumi/pulumi/automation/index.js';
import { explain } from './cli.ts';
import type { Diagnostic, ResourceEvent, RunOptions, RunOutcome } from './engine.ts';
import { type Operation, toChanges, toDiagnostic, toResourceEvent } from './events.ts';

/** Options that `up`, `preview` and `destroy` of the Automation API share. */
export interface AutomationOptions {
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
  readonly continueOnError?: boolean;
  readonly color: 'never';
  readonly suppressOutputs: boolean;
}

interface Reported {
  readonly failed: ResourceEvent[];
  readonly diagnostics: Diagnostic[];
  changes: Readonly<Record<string, number>>;
}

function listen(reported: Reported, options: RunOptions, kind: Operation): (event: EngineEvent) => void {
  return (event) => {
    reported.changes = toChanges(event) ?? reported.changes;
    const diagnostic = toDiagnostic(event);
    if (diagnostic !== undefined) {
      reported.diagnostics.push(diagnostic);
      options.onDiagnostic?.(diagnostic);
    }
    const resource = toResourceEvent(event, kind);
    if (resource === undefined) return;
    const explained = resource.state === 'failed' ? withReason(resource, reported.diagnostics) : resource;
    if (explained.state === 'failed') reported.failed.push(explained);
    options.onEvent?.(explained);
  };
}

/** The reason of a failure is a diagnostic of its own, before or after the failure. */
function withReason(event: ResourceEvent, diagnostics: readonly Diagnostic[]): ResourceEvent {
  const own = diagnostics.findLast(({ urn, severity }) => urn === event.urn && severity === 'error');
  return own === undefined ? event : { ...event, message: own.message };
}

/** Throws what is not the failure of a resource: a lock, a passphrase, an error of the stack's program, a killed engine. */
export async function runOperation(
  stack: string,
  options: RunOptions,
  kind: Operation,
  operate: (options: AutomationOptions) => Promise<unknown>,
): Promise<RunOutcome> {
  const reported: Reported = { failed: [], diagnostics: [], changes: {} };
  const { signal, keepGoing } = options;
  const outcome = (end: 'succeeded' | 'failed'): RunOutcome => ({
    succeeded: end === 'succeeded',
    changes: reported.changes,
    failed: reported.failed.map((event) => withReason(event, reported.diagnostics)),
    diagnostics: reported.diagnostics,
  });
  try {
    await operate({
      onEvent: listen(reported, options, kind),
      color: 'never',
      suppressOutputs: true,
      ...(signal === undefined ? {} : { signal }),
      // A preview has no such option.
      ...(keepGoing === true && kind !== 'preview' ? { continueOnError: true } : {}),
    });
    return outcome('succeeded');
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    const text = error instanceof Error ? error.message : String(error);
    const errors = reported.diagnostics.filter(({ severity }) => severity === 'error');
    if (reported.failed.length > 0 || errors.length > 0) return outcome('failed');
    throw explain(stack, text, error);
  }
}

export function plainOutputs(outputs: OutputMap): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
}
