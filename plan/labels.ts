/** Labels by which the program and the command know each other's objects in a cluster. */

/** On everything that a stack declares itself: a capture of the platform has these too, and no recovery declares them twice. */
export const OWN_LABEL = 'go-coffee-dr/owner';
