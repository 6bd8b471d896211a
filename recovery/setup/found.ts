/** What a look at a platform gives besides its facts: what it could not learn, and what nobody but a person can decide. */
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { DrError } from '../core/errors.ts';
import { withLimit } from '../core/wait/with-limit.ts';

/** A question that was asked and not answered. It is never answered by a guess. */
export interface Unanswered {
  /** What it is about: `redis at 127.0.0.1:6379`, `postgres`. */
  readonly about: string;
  readonly why: string;
  /** Of the error, where one said so: `KUBERNETES-FORBIDDEN`. */
  readonly code?: string;
  /** What to type, so that it can be answered. */
  readonly hint: string;
}

/** A thing that was found, and by what. */
export interface Evidence {
  readonly what: string;
  readonly by: string;
}

export type Answer<T> =
  | { readonly value: T; readonly unanswered?: never }
  | { readonly value?: never; readonly unanswered: Unanswered };

/** Asks once. Any failure but a bug of `dr` leaves the question unanswered, in the words of who was asked. */
export async function ask<T>(about: string, question: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await question() };
  } catch (error) {
    rethrowBug(error);
    const { code, fact, hint } = asDrError(error, about);
    return { unanswered: { about, why: fact, code, hint } };
  }
}

/** A question to this host's file system may hang where a network drive is gone. */
export const LIMIT_SECONDS = 10;

/** Throws when there is no answer in time: `ask` then says so. The question itself may go on; nothing waits for it. */
export function inTime<T>(question: Promise<T>, what: string, seconds = LIMIT_SECONDS): Promise<T> {
  return withLimit(question, seconds, () => silent(what, seconds));
}

function silent(what: string, seconds: number): DrError {
  return new DrError({
    code: 'SETUP-SILENT',
    where: what,
    fact: `no answer within ${seconds} s`,
    hint: 'see whether its drive or its server still answers, then run `dr setup` again',
  });
}
