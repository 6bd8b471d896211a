/** `dr points`: what can be recovered, from where, and to which moment. */
import { MARKS } from '../points/point.ts';
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

const ID = 'a recovery point’s id, e.g. 20261123T020000Z-full-7f3a';

export const declarePoints: Declare = (program, action) => {
  const points = program
    .command('points')
    .description('List, show and mark recovery points, and show the window that each store can be recovered to.');

  const list = points
    .command('list', { isDefault: true })
    .description('List the points of every repository, their marks and trust, and the recoverable window.')
    .option('--repository <id>', 'only this repository (default: all of the plan)')
    .action(action(async () => (await import('../commands/points.ts')).pointsList));
  examples(list, ['dr points', 'dr points list --repository secondary', 'dr points -o json | jq .points[].id']);

  const show = points
    .command('show')
    .argument('<id>', ID)
    .description('Show one point: what it holds, under which names, with which tools, and whether it can be trusted.')
    .option('--repository <id>', 'the repository to read (default: each that has the point)')
    .action(action(async () => (await import('../commands/points.ts')).pointsShow, { args: ['id'] }));
  examples(show, ['dr points show 20261123T020000Z-full-7f3a']);

  const mark = points
    .command('mark')
    .argument('<id>', ID)
    .argument('<mark>', MARKS.join(', '))
    .description(
      'Add a mark to a point. A compromised point is never chosen unless it is named; a held one is never pruned.',
    )
    .option('--repository <id>', 'only there (default: each repository that has the point)')
    .option('--note <text>', 'why')
    .action(action(async () => (await import('../commands/points.ts')).pointsMark, { args: ['id', 'mark'] }));
  examples(mark, ['dr points mark 20261123T020000Z-full-7f3a compromised --note "after the break-in"']);
};
