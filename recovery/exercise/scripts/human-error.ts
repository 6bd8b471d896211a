import type { ExerciseScript } from './script.ts';

export const humanError: ExerciseScript = {
  scenario: 'human-error',
  opening: 'A colleague calls: a script has deleted uploads in production instead of staging.',
  hidden: [
    { fact: 'The script still runs', found: 'somebody asks whether it has ended' },
    { fact: 'It began at 13:37:12', found: 'somebody reads the shell’s history' },
    { fact: 'Customers have uploaded 40 files since', found: '`dr restore … --dry-run` says what would be lost' },
  ],
  injects: [
    {
      atMinutes: 0,
      to: 'Technical Lead',
      text: 'A third of the uploads is gone.',
      expects: 'stops what deletes, before anything else',
    },
    {
      atMinutes: 10,
      to: 'everybody',
      text: 'The colleague is in tears and wants to go home.',
      expects: 'nobody is blamed; somebody stays with them',
    },
    {
      atMinutes: 20,
      to: 'Incident Commander',
      text: 'Somebody suggests to restore the whole platform.',
      expects: 'restores only what was hit',
    },
    {
      atMinutes: 35,
      to: 'Communications',
      text: 'A customer misses a file of this morning.',
      expects: 'says what came back, and what was lost',
    },
  ],
};
