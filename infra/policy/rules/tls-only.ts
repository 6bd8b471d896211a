/** A bucket's policy refuses plain HTTP for the bucket and for all of its objects. */
import { isUnknown, listAt, quoted, textAt } from '../resource.ts';
import type { Rule } from '../rule.ts';
import { AWS, eachSetting } from './bucket-facts.ts';
import { LINES } from './lines.ts';

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: { readonly Bool?: Readonly<Record<string, unknown>> };
}

const all = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function deniesHttp({ Effect, Principal, Action, Resource, Condition }: Statement): boolean {
  const resources = all(Resource).map(String);
  const everyone = Principal === '*' || all((Principal as { AWS?: unknown } | undefined)?.AWS).includes('*');
  return (
    Effect === 'Deny' &&
    everyone &&
    all(Action).includes('s3:*') &&
    Object.keys(Condition ?? {}).join() === 'Bool' &&
    String(Condition?.Bool?.['aws:SecureTransport']) === 'false' &&
    resources.some((arn) => arn.endsWith('/*')) &&
    resources.some((arn) => !arn.endsWith('/*'))
  );
}

function statements(text: string): readonly Statement[] | undefined {
  try {
    return listAt(JSON.parse(text), 'Statement') as readonly Statement[];
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const tlsOnly: Rule = {
  id: 'tls-only',
  over: 'stack',
  holds: 'Every bucket refuses plain HTTP.',
  breaks: LINES.breach,
  check: (stack) =>
    eachSetting(stack, AWS.policy, ({ props }, { bucket }) => {
      const policy = textAt(props, 'policy');
      if (isUnknown(policy)) return undefined;
      const found = statements(policy ?? '');
      if (found === undefined) return `the policy of ${quoted(bucket)} is not JSON`;
      return found.some(deniesHttp)
        ? undefined
        : `none of the ${found.length} statements of the policy of ${quoted(bucket)} denies s3:* over plain HTTP`;
    }),
};
