/** Loaded before `dr` by bug-is-a-bug.slow.test.ts: a folder repository below that path meets a mistake of the program when its catalog is listed. */
import { openPosixStore } from '../../recovery/storage/posix/store.ts';

const store = Object.getPrototypeOf(openPosixStore('/'));
const { list } = store;
store.list = async function (prefix, ...others) {
  if (this.describe.includes(process.env.DR_TEST_FAULTY_STORE) && prefix.includes('catalog/')) {
    const nothing = undefined;
    return nothing.length;
  }
  return list.call(this, prefix, ...others);
};
