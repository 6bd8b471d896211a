/** Line 191: "Update all secrets and certificates". Line 195: "Implement additional security measures". */
import type { Hardening, Rotation } from '../security-types.ts';

/** What both ends read from the same Secret when they start: a new value needs nobody else's word. */
const secrets: Rotation['secrets'] = [
  {
    id: 'token-signing',
    title: 'Keys that sign tokens: whoever is logged in logs in again',
    keys: ['jwt-secret', 'jwt-key', 'jwt-signing-key', '*-jwt-secret', 'token-secret', 'signing-secret'],
    length: 48,
    alphabet: 'letters-digits',
  },
  {
    id: 'sessions',
    title: 'Keys of sessions, cookies and forms',
    keys: ['session-key', 'session-secret', 'cookie-key', 'cookie-secret', 'csrf-key', 'csrf-secret', '*-session-key'],
    length: 48,
    alphabet: 'letters-digits',
  },
  {
    id: 'between-services',
    title: 'What the platform’s own services show one another',
    keys: ['internal-token', 'service-token', 'shared-secret', '*-shared-secret', '*-internal-token'],
    length: 48,
    alphabet: 'letters-digits',
  },
];

const kept: Rotation['kept'] = [
  {
    id: 'opens-what-is-there',
    title: 'Keys of what is stored already: repositories, encrypted columns and files',
    keys: ['*passphrase*', '*encryption-key*', '*encryption-secret*', '*master-key*', '*data-key*'],
    reason: 'A new one opens nothing that is there; encrypt anew, or write new copies under a new name of the key',
  },
  {
    id: 'third-parties',
    title: 'Keys that somebody else gave out',
    keys: [
      '*api-key*',
      '*access-key*',
      '*client-secret*',
      '*webhook*',
      '*stripe*',
      '*paypal*',
      '*twilio*',
      '*sendgrid*',
      '*smtp*',
      '*openai*',
      '*slack*',
      '*aws*',
      '*-dsn',
      'dockerconfigjson',
      '*license*',
    ],
    reason: 'Only who gave it out can take it back: revoke it there, then set the new one',
  },
  {
    id: 'people',
    title: 'Tokens and passwords of people',
    keys: ['*user-token*', '*personal*', '*-pat', '*admin-password*', 'kubeconfig', '*htpasswd*', 'users'],
    reason: 'Their owners set new ones themselves, after their own devices are known to be clean',
  },
];

export const rotation: Rotation = {
  stores: ['postgres-superuser', 'postgres-replication', 'postgres-application', 'redis'],
  certificates: { rotate: true, validity: '1y' },
  secrets,
  kept,
};

/** k8s/security-hardening.yaml, which the written plan names and does not have. */
export const hardening: Hardening[] = [
  { id: 'non-root', title: 'No container runs as root' },
  { id: 'no-privilege-escalation', title: 'No process gets more rights than it began with' },
  { id: 'no-capabilities', title: 'All Linux capabilities are dropped' },
  { id: 'seccomp', title: 'System calls are filtered by the runtime’s profile' },
  { id: 'read-only-root', title: 'Root file systems are read-only; /tmp is an empty volume' },
  { id: 'no-account-tokens', title: 'No token of a service account where no role is bound to it' },
  { id: 'no-host-access', title: 'Pods that use the node’s network, folders or privileges are named' },
  { id: 'network-policies', title: 'Nothing is open but names, and the ports of Services' },
  { id: 'pod-security-labels', title: 'Namespaces refuse pods that ask for more' },
];
