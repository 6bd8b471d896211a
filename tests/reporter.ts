/** The last line of a run, for people and for CI: `12 passed, 1 failed, 2 skipped`. */
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** A test that failed and then passed, with what went wrong first. */
export interface Unsteady {
  readonly name: string;
  readonly error: string;
}

/** Tests that passed only when they were tried again. */
export function unsteady(modules: readonly Pick<TestModule, 'children'>[]): Unsteady[] {
  return modules.flatMap((module) =>
    [...module.children.allTests()].flatMap((test) => {
      if (!test.diagnostic()?.flaky) return [];
      const [first] = test.result().errors ?? [];
      return { name: `${test.module.relativeModuleId} > ${test.fullName}`, error: first?.message.split('\n')[0] ?? '' };
    }),
  );
}

type Countable = Pick<TestModule, 'ok' | 'children'>;

/** Test cases by outcome. A file that fails outside of its test cases (an import, a hook) counts as one failure. */
export function count(modules: readonly Countable[], unhandledErrors: number): Counts {
  let [passed, failed, skipped] = [0, unhandledErrors, 0];
  for (const module of modules) {
    const failedBefore = failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'failed') failed++;
      else skipped++;
    }
    if (!module.ok() && failed === failedBefore) failed++;
  }
  return { passed, failed, skipped };
}

export default class LastLineReporter implements Reporter {
  #counts: Counts | undefined;
  #unsteady: Unsteady[] = [];

  onInit(): void {
    // Vitest prints its summary after the last reporter event, and late warnings after that: only the exit is later.
    process.once('exit', (code) => {
      for (const { name, error } of this.#unsteady)
        process.stdout.write(`passed at the second try: ${name}: ${error}\n`);
      const { passed, failed, skipped } = this.#counts ?? { passed: 0, failed: 0, skipped: 0 };
      // A run that fails for another reason (no test matched, a crash before the end) is not a run without failures.
      process.stdout.write(`${countsLine({ passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped })}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = count(modules, unhandledErrors.length);
    this.#unsteady = unsteady(modules);
  }
}
