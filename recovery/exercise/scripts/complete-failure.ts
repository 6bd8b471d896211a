import type { ExerciseScript } from './script.ts';

export const completeFailure: ExerciseScript = {
  scenario: 'complete-failure',
  opening:
    'Every alert of the first region has stopped at the same minute. The shop does not load. The chat of the team is slow.',
  hidden: [
    { fact: 'The first region is gone for a day at least', found: 'somebody reads the provider’s status page' },
    { fact: 'The password safe is in the lost region', found: 'somebody asks where the keys are' },
    { fact: 'The copies in the second region are 4 minutes old', found: '`dr points list` from a laptop' },
  ],
  injects: [
    {
      atMinutes: 0,
      to: 'Technical Lead',
      text: 'The dead man’s switch calls you: no new point for 10 minutes.',
      expects: 'runs `dr assess`; calls the incident commander',
    },
    {
      atMinutes: 8,
      to: 'Incident Commander',
      text: 'The primary contact does not pick up.',
      expects: 'the secondary takes the role within 5 minutes',
    },
    {
      atMinutes: 15,
      to: 'Communications',
      text: 'A newspaper calls and asks whether cards were stolen.',
      expects: 'answers from the template, without guessing',
    },
    {
      atMinutes: 25,
      to: 'Technical Lead',
      text: 'The provider says: back in 30 minutes, perhaps.',
      expects: 'does not wait: the RTO of P1 runs',
    },
    {
      atMinutes: 40,
      to: 'everybody',
      text: 'The first region answers again for a minute.',
      expects: 'nobody sends users back before the old site is fenced',
    },
    {
      atMinutes: 60,
      to: 'Business Continuity',
      text: 'The warehouse asks how to take orders now.',
      expects: 'names the work-around and its owner',
    },
  ],
};
