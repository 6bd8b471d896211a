/**
 * For `.catch` of work that may fail without a loss. The reason stands where the error is ignored; `tests/unclear-answers.ts` counts these.
 */
export function ignoring(_reason: string): () => undefined {
  return () => undefined;
}
