/** Whether the `dr …` lines of a plan are commands of this program, with flags that these have: at three in the morning nobody guesses. */
import { type Finding, fieldName } from '../plan/checks/finding.ts';
import { plannedCommands } from '../plan/checks/planned-commands.ts';
import type { Plan } from '../plan/types.ts';

/** @param problemOf why a line is no command; undefined where it is one */
export async function commandFindings(
  plan: Plan,
  problemOf: (line: string) => Promise<string | undefined>,
): Promise<Finding[]> {
  const found = await Promise.all(
    plannedCommands(plan).map(async ({ path, line }): Promise<Finding[]> => {
      const problem = await problemOf(line);
      if (problem === undefined) return [];
      const fact = `\`${line}\` is not a command of this version: ${problem}`;
      const hint = '`dr help` lists the commands, `dr COMMAND --help` the flags of one';
      return [{ severity: 'error', code: 'COMMAND-UNKNOWN', where: fieldName(plan, path), fact, hint, path }];
    }),
  );
  return found.flat();
}
