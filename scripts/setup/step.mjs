/** What an installation says when it can't do more: the rest is a person's. */
export class LeftToYou {
  /** @param {string} text what to do */
  constructor(text) {
    this.text = text;
  }
}

/**
 * One thing that is missing, and how it gets here.
 * @typedef {object} Step
 * @property {string[]} lacks a line for each thing: what, found, wanted, what for
 * @property {string} command what a person would type
 * @property {() => Promise<string | LeftToYou | undefined>} [install] gives what went wrong; absent where only a person can
 * @property {string} [note] said before it starts
 */
