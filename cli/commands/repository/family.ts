/** `dr repository …`: look into a repository, and bring it into order. */
import { Command } from '@commander-js/extra-typings';
import { commandFamily } from '../../command.ts';
import { declare as attach } from './attach.ts';
import { declare as clean } from './clean.ts';
import { declare as detach } from './detach.ts';
import { declare as recreate } from './recreate.ts';
import { declare as repair } from './repair.ts';
import { declare as status } from './status.ts';

export const declare = commandFamily({
  declare: () =>
    new Command('repository').description('Show what a repository holds and lacks, and bring it into order.'),
  members: [status, clean, repair, detach, attach, recreate],
});
