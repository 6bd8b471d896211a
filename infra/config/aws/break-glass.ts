/**
 * Who may assume the break-glass role: `storage.breakGlassPrincipals`. Pure.
 *
 * A user proves a second factor to AWS, and `aws:MultiFactorAuthPresent` is in the request. A session of a role never has that key, not
 * even after a login with a second factor: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
 * So a role, which for most people is one of IAM Identity Center, has to say who asks: `sts:SourceIdentity`, in CloudTrail with each call.
 */
import { z } from 'zod';

const PARTITION = '(?:aws|aws-cn|aws-us-gov)';
const USER = new RegExp(`^arn:${PARTITION}:iam::\\d{12}:user/[\\w+=,.@/-]+$`);
const ROLE = new RegExp(`^arn:${PARTITION}:iam::\\d{12}:role/[\\w+=,.@/-]+$`);
/** Identity Center makes its roles anew, with other letters at the end. Only its own path may have a `*`. */
const SSO_ROLE = new RegExp(
  `^arn:${PARTITION}:iam::\\d{12}:role/aws-reserved/sso\\.amazonaws\\.com/(?:[a-z0-9-]+/)?AWSReservedSSO_[\\w+=,.@-]+_(?:\\*|[0-9a-f]{16})$`,
);

const SAY_WHO = 'write {arn: …, sourceIdentities: [NAME, …]}: the names that may be given with --source-identity';

const whyNot = (text: unknown): string => {
  if (typeof text !== 'string') return 'is neither the ARN of a user nor {arn, sourceIdentities}';
  if (/:role\//.test(text))
    return `is a role, whose sessions never prove a second factor: nobody could take it; ${SAY_WHO}`;
  if (/:root$|^\d{12}$|\*/.test(text)) return 'is a whole account; name the users, who then need a second factor';
  return 'is not an ARN of a user; copy it from IAM';
};

const user = z.string().regex(USER);

const role = z.strictObject({
  arn: z.string().refine((text) => ROLE.test(text) || SSO_ROLE.test(text), {
    error:
      'is not an ARN of a role; copy it from IAM. Of Identity Center: …/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_*',
  }),
  /** People, as they will stand in CloudTrail. */
  sourceIdentities: z
    .array(
      z
        .string()
        .regex(/^[\w+=,.@-]{2,64}$/, { error: 'is not a source identity; write 2 to 64 of A-Z a-z 0-9 _ + = , . @ -' }),
    )
    .min(1, { error: 'is empty; name who may take the role' }),
});

export type BreakGlassRole = z.infer<typeof role>;
/** The ARN of a user, or a role with the people behind it. */
export type BreakGlassPrincipal = string | BreakGlassRole;

export const breakGlassPrincipals = z
  .array(
    z.unknown().transform((value, context): BreakGlassPrincipal => {
      const schema = typeof value === 'object' && value !== null ? role : user;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      if (schema === user) context.addIssue({ code: 'custom', message: whyNot(value) });
      else
        for (const { message, path } of parsed.error.issues)
          context.addIssue({ code: 'custom', message, path: [...path] });
      return z.NEVER;
    }),
  )
  .min(1, { error: 'is empty; name who may assume the break-glass role' });
