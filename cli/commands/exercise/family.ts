/** `dr exercise …`: the team practises at a table, with a facilitator who says what happens next. */
import { Command } from '@commander-js/extra-typings';
import { commandFamily } from '../../command.ts';
import { declare as finish } from './finish.ts';
import { declare as flows } from './flows.ts';
import { declare as inject } from './inject.ts';
import { declare as prepare } from './prepare.ts';
import { declare as record } from './record.ts';
import { declare as start } from './start.ts';

export const declare = commandFamily({
  declare: () =>
    new Command('exercise').description('Prepare, run and score an exercise of the team, by a scenario of the plan.'),
  members: [prepare, start, inject, record, finish, flows],
});
