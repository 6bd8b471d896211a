/** Database roles of the services, and their privileges. */

export interface ServiceRole {
  readonly service: string;
  readonly role: string;
  readonly grants: readonly string[];
}

const READ = 'select';
const CHANGE = 'select, insert, update, delete';

/** Services that use the database; the role is the service's name with `_`. */
export const SERVICE_ROLES: readonly ServiceRole[] = [
  role('auth-service', [`${CHANGE} on accounts`]),
  role('payment-service', [`${CHANGE} on payments`, `${READ} on orders`]),
  role('order-service', [`${CHANGE} on orders, order_items`, `${READ} on accounts, menu_items`]),
  role('ai-search', [`${READ} on menu_items`]),
  role('analytics', [`${CHANGE} on events`]),
];

function role(service: string, grants: readonly string[]): ServiceRole {
  return { service, role: service.replaceAll('-', '_'), grants };
}

/** `passwords` by service: hexadecimal, so quoting is safe. */
export function rolesSql(passwords: ReadonlyMap<string, string>): string {
  return SERVICE_ROLES.map(({ service, role: name, grants }) =>
    [
      `create role ${name} login password '${passwords.get(service) ?? ''}';`,
      ...grants.map((grant) => `grant ${grant} to ${name};`),
      `grant ${CHANGE} on service_heartbeats to ${name};`,
      `grant usage on all sequences in schema public to ${name};`,
    ].join('\n'),
  ).join('\n');
}
