/** `dr incident …`: people in a disaster. */
import { Command } from '@commander-js/extra-typings';
import { commandFamily } from '../../command.ts';
import { declare as assign } from './assign.ts';
import { declareDeliver, declareDelivered, declareTest } from './channels.ts';
import { declare as declareIncident } from './declare.ts';
import { declare as followUps } from './follow-ups.ts';
import { declare as postMortem } from './post-mortem.ts';
import { declare as resolve } from './resolve.ts';
import { declareList, declareShow, declareStatus, declareWatch } from './status.ts';
import { declare as update } from './update.ts';

export const declare = commandFamily({
  declare: () =>
    new Command('incident').description(
      'Declare an incident, tell people, keep its clocks and timeline, and write its post-mortem.',
    ),
  members: [
    declareIncident,
    update,
    declareStatus,
    declareWatch,
    assign,
    declareDeliver,
    declareDelivered,
    resolve,
    declareList,
    declareShow,
    postMortem,
    followUps,
    declareTest,
  ],
});
