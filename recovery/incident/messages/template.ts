/** Fills the plan's templates. A field that nobody filled is named, and never sent as its placeholder. Pure. */
import type { MessageTemplate } from '../../../plan/procedure-types.ts';
import type { Plan } from '../../../plan/types.ts';
import { badInput, type DrError } from '../../core/errors.ts';

/** Field of the template → text. */
export type FieldValues = Readonly<Record<string, string | undefined>>;

/** Throws `TEMPLATE-MISSING` (exit 2). */
export function templateOf({ templates }: Pick<Plan, 'templates'>, id: MessageTemplate['id']): MessageTemplate {
  const found = templates.find((each) => each.id === id);
  if (found !== undefined) return found;
  throw badInput({
    code: 'TEMPLATE-MISSING',
    where: 'templates',
    fact: `the plan has no template "${id}"`,
    hint: 'add it to the plan; `dr plan show -o json` has the shipped one',
  });
}

/** Fields without a value: blanks are none. */
function unfilled({ fields }: Pick<MessageTemplate, 'fields'>, values: FieldValues): string[] {
  return fields.map(({ name }) => name).filter((name) => (values[name] ?? '').trim() === '');
}

/** Throws `FIELD-VALUE` (exit 2) for a value that the template's `oneOf` does not have, `FIELDS-UNFILLED` for missing ones. */
export function fillTemplate(
  template: MessageTemplate,
  values: FieldValues,
  flagOf: (field: string) => string,
): string {
  const missing = unfilled(template, values);
  if (missing.length > 0) throw fieldsUnfilled(template.title, missing.map(flagOf));
  for (const { name, oneOf } of template.fields) {
    const value = (values[name] ?? '').trim();
    if (oneOf !== undefined && !oneOf.includes(value)) {
      throw badInput({
        code: 'FIELD-VALUE',
        where: flagOf(name),
        fact: `"${value}" is not a ${name} of the template "${template.title}"`,
        hint: `one of: ${oneOf.join(', ')}`,
      });
    }
  }
  return fillText(template, values);
}

/** Each placeholder once, in one pass: a value that looks like a placeholder stays as it is. */
export function fillText({ text, fields }: Pick<MessageTemplate, 'text' | 'fields'>, values: FieldValues): string {
  let filled = '';
  for (let at = 0; at < text.length; ) {
    const here = fields.find(({ placeholder }) => text.startsWith(placeholder, at));
    filled += here === undefined ? text[at] : (values[here.name] ?? '').trim();
    at += here?.placeholder.length ?? 1;
  }
  return filled;
}

export function fieldsUnfilled(what: string, flags: readonly string[]): DrError {
  return badInput({
    code: 'FIELDS-UNFILLED',
    where: what,
    fact: `nobody filled ${flags.join(', ')}: nothing was sent`,
    hint: `type ${flags.map((flag) => `${flag} "…"`).join(' ')}; on a terminal they are asked for`,
  });
}
