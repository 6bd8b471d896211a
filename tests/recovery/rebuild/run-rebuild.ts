/** A rebuild by the real engine as a process of its own, so that it can be killed. `node run-rebuild.ts PROJECT STATE-DIR` */
import { join } from 'node:path';
import { productionPlan } from '../../../plan/production.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { openStackEngine } from '../../../recovery/pulumi/open.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { BUNDLE, REQUEST } from './rebuild-fixture.ts';
import { samplePin } from './sample-pin.ts';

const [project = '', stateDir = '', hour = '1'] = process.argv.slice(2);
// The copy of the project has one with this context.
const cluster = { context: 'lab', kubeconfig: join(project, 'kubeconfig') };
const request = { ...REQUEST, set: { ...REQUEST.set, cluster } };
const outcome = await rebuild(request, {
  engine: await openStackEngine({ project }),
  stateDir,
  bundle: BUNDLE,
  plan: productionPlan,
  resolve: async ({ from, repository }) => ({
    pin: samplePin(Number(hour), from, repository.id),
    notes: [],
    generations: [],
  }),
  readPoints: async () => [],
  approve: async () => {},
  progress: ({ title, detail = '' }) => void process.stdout.write(`${title} ${detail}\n`),
  log: silentLog,
  now: () => new Date(),
});
process.stdout.write(
  `\nEND ${JSON.stringify({ exit: outcome.exit, resumed: outcome.resumed, pin: outcome.plan.pin, began: outcome.outputs.recoveredFrom })}\n`,
);
