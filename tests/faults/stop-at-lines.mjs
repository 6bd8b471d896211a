// Loaded before `dr` (node --import): the process stops itself (SIGSTOP) behind each line that it has written to a journal, so
// that whoever watches reads the line before the next one is begun. A watcher that polls sees some lines only when all is over.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs.promises;

fs.promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (!String(path).endsWith('.jsonl')) return handle;
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    await sync();
    process.kill(process.pid, 'SIGSTOP');
  };
  return handle;
};
syncBuiltinESMExports();
