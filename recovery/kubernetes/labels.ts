/** Label selectors, as the API reads them. */
import { fieldsOf, listOf } from './objects.ts';

type Labels = Readonly<Record<string, string>>;

function fits(expression: unknown, labels: Labels): boolean {
  const { key, operator, values } = fieldsOf(expression);
  const value = labels[String(key)];
  const among = value !== undefined && listOf(values).includes(value);
  switch (operator) {
    case 'In':
      return among;
    case 'NotIn':
      return !among;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // An operator of a later version: better one object too many than one too few.
      return true;
  }
}

/** A selector that is absent or empty fits everything. */
export function selects(selector: unknown, labels: Labels = {}): boolean {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const all = Object.entries(fieldsOf(matchLabels)).every(([key, value]) => labels[key] === value);
  return all && listOf(matchExpressions).every((expression) => fits(expression, labels));
}
