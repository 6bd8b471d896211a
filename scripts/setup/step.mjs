/**
 * One thing that is missing, and how it gets here.
 * @typedef {object} Step
 * @property {string[]} lacks a line for each thing: what, found, wanted, what for
 * @property {string} command what a person would type
 * @property {() => Promise<string | undefined>} [install] returns what went wrong; absent where a person has to do it
 * @property {string} [note] said before it starts, or instead of it
 */
export {};
