import type { ExerciseScript } from './script.ts';

export const applicationFailure: ExerciseScript = {
  scenario: 'application-failure',
  opening: 'After a release the payment service restarts again and again. Its configuration map is empty.',
  hidden: [
    {
      fact: 'The release removed the configuration, not the code',
      found: 'somebody compares with the newest manifests',
    },
    { fact: 'Payments that were taken are queued', found: 'somebody looks into the event store' },
  ],
  injects: [
    {
      atMinutes: 0,
      to: 'Technical Lead',
      text: 'Payments fail for every customer.',
      expects: 'declares P2 and stops the release',
    },
    {
      atMinutes: 10,
      to: 'everybody',
      text: 'Somebody has already edited the object by hand.',
      expects: 'asks what was changed, and writes it down',
    },
    {
      atMinutes: 20,
      to: 'Incident Commander',
      text: 'The release manager wants to try one more fix.',
      expects: 'sets a time after which it is restored',
    },
    {
      atMinutes: 35,
      to: 'Communications',
      text: 'A partner asks whether cards are charged twice.',
      expects: 'says what is known, and when more will be',
    },
  ],
};
