/** The result of an installation that a person must finish. */
export class LeftToYou {
  /** @param {string} text what to do */
  constructor(text) {
    this.text = text;
  }
}

/**
 * Something that is missing, and how to install it.
 * @typedef {object} Step
 * @property {string[]} lacks a line for each missing thing: name, found version, wanted version, purpose
 * @property {string} command what a person would type
 * @property {() => Promise<string | LeftToYou | undefined>} [install] returns the error; absent where only a person can install it
 * @property {string} [note] printed before it starts
 */
