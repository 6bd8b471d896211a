/** Loaded before `dr` by shifted-clock.ts. */
const shift = Number(process.env.DR_TEST_CLOCK_SHIFT) * 1000;
const Right = Date;
globalThis.Date = class extends Right {
  constructor(...parts) {
    if (parts.length === 0) super(Right.now() + shift);
    else super(...parts);
  }
  static now() {
    return Right.now() + shift;
  }
};
