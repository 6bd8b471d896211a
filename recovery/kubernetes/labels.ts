/** Label selectors, evaluated as the API does. */
import { fieldsOf, listOf } from './objects.ts';

type Labels = Readonly<Record<string, string>>;

function matches(expression: unknown, labels: Labels): boolean {
  const { key, operator, values } = fieldsOf(expression);
  const value = labels[String(key)];
  const listed = value !== undefined && listOf(values).includes(value);
  switch (operator) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // An operator of a later Kubernetes version: one object too many is better than one too few.
      return true;
  }
}

/** An absent or empty selector selects everything. */
export function selects(selector: unknown, labels: Labels = {}): boolean {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const all = Object.entries(fieldsOf(matchLabels)).every(([key, value]) => labels[key] === value);
  return all && listOf(matchExpressions).every((expression) => matches(expression, labels));
}
