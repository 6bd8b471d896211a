import type { ExerciseScript } from './script.ts';

export const securityBreach: ExerciseScript = {
  scenario: 'security-breach',
  opening: 'A new administrator exists that nobody made. Somebody reads the customer table at night.',
  hidden: [
    { fact: 'The intruder came in 9 days ago', found: 'somebody asks for the first login of that account' },
    { fact: 'The intruder’s key can lay delete markers in the bucket', found: 'somebody lists the versions' },
    {
      fact: 'The newest clean point is 10 days old',
      found: '`dr points mark … compromised` from the date of the break-in',
    },
  ],
  injects: [
    {
      atMinutes: 0,
      to: 'Technical Lead',
      text: 'The audit log shows a login from an unknown country.',
      expects: 'isolates before anything is cleaned',
    },
    {
      atMinutes: 10,
      to: 'everybody',
      text: 'A colleague wants to reboot the host.',
      expects: 'evidence first: memory and logs are gone after it',
    },
    {
      atMinutes: 20,
      to: 'Incident Commander',
      text: 'The intruder writes a mail and asks for money.',
      expects: 'calls the security team and the lawyers; answers nothing',
    },
    {
      atMinutes: 35,
      to: 'Business Continuity',
      text: 'The law gives 72 hours to tell the authority.',
      expects: 'names who writes to it, and until when',
    },
    {
      atMinutes: 50,
      to: 'Technical Lead',
      text: 'Restoring the newest point would bring the intruder back.',
      expects: 'chooses a point before the break-in, with new secrets',
    },
    {
      atMinutes: 70,
      to: 'Communications',
      text: 'Customers ask which data was read.',
      expects: 'says only what the evidence shows',
    },
  ],
};
