/** Annotation of a Service of the platform that `dr adopt` let lead to a store of a stack: `postgres` or `redis`. */
export const LEADS_TO = 'go-coffee-dr/leads-to';
