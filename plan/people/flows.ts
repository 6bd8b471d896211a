/** What the business does with the platform, across its services; and what people do by hand while one of them is down. */
import { z } from 'zod';
import { idSchema, lineSchema } from '../fields.ts';

export const flowSchema = z.strictObject({
  id: idSchema,
  title: lineSchema,
  /** Services of the plan, in the order in which the flow passes them. */
  services: z.array(idSchema).min(1),
  /** What people do meanwhile, and which role of the team sees to it. */
  byHand: lineSchema,
  owner: lineSchema,
});
export type BusinessFlow = z.infer<typeof flowSchema>;

/** The written plan has the test (line 230) and no flows: these follow from its services (lines 49–52). */
export const flows: BusinessFlow[] = [
  {
    id: 'sign-in',
    title: 'A customer signs in',
    services: ['auth-service', 'postgres', 'redis'],
    byHand: 'Take orders by telephone; nobody is asked for a password',
    owner: 'Business Continuity',
  },
  {
    id: 'order-to-payment',
    title: 'A customer orders and pays',
    services: ['auth-service', 'order-service', 'payment-service', 'postgres'],
    byHand: 'Write orders down with time and contact; take payment on delivery',
    owner: 'Business Continuity',
  },
  {
    id: 'search',
    title: 'A customer searches, and finds what was ordered',
    services: ['ai-search', 'postgres'],
    byHand: 'Send customers to the list of products',
    owner: 'Communications',
  },
];
