/** `dr adopt …`: a running PostgreSQL or Redis of the platform becomes the stack's own. */
import { Command } from '@commander-js/extra-typings';
import { commandFamily } from '../../command.ts';
import { declare as postgres } from './postgres.ts';
import { declare as redis } from './redis.ts';
import { declare as status } from './status.ts';

export const declare = commandFamily({
  declare: () =>
    new Command('adopt').description(
      'Take over a running PostgreSQL or Redis of the platform: follow it, switch in seconds, go back until it is released.',
    ),
  members: [postgres, redis, status],
});
