import type { ExerciseScript } from './script.ts';

export const databaseCorruption: ExerciseScript = {
  scenario: 'database-corruption',
  opening: 'Orders fail with "invalid page in block". Reading old orders works, and new ones fail now and then.',
  hidden: [
    { fact: 'The first damaged page is 6 hours old', found: 'somebody asks for the oldest error in the log' },
    { fact: 'A replica has the same damage', found: 'somebody suggests to fail over to it' },
    { fact: 'The newest backup set is good', found: '`dr verify --repository local`' },
  ],
  injects: [
    {
      atMinutes: 0,
      to: 'Technical Lead',
      text: 'Twelve orders of the last hour can’t be read.',
      expects: 'stops the services before anything writes more',
    },
    {
      atMinutes: 10,
      to: 'everybody',
      text: 'A developer offers to run REINDEX at once.',
      expects: 'nobody repairs before a copy of the damaged files is safe',
    },
    {
      atMinutes: 20,
      to: 'Incident Commander',
      text: 'Sales ask whether yesterday’s orders are safe.',
      expects: 'answers with the recoverable window, not with a hope',
    },
    {
      atMinutes: 35,
      to: 'Technical Lead',
      text: 'The emergency dump stops at one table.',
      expects: 'names what is given up, and who agreed',
    },
    {
      atMinutes: 50,
      to: 'Communications',
      text: '30 minutes have passed since the first message.',
      expects: 'sends the update that the plan promises',
    },
  ],
};
