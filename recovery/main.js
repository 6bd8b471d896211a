#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets a sentence and not a syntax error.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `DR-NODE-TOO-OLD node: found ${process.versions.node}, wanted 24 or newer\n` +
      'hint: run it through npm (`npm run -s dr -- …`), which brings its own Node\n',
  );
  process.exit(2);
}
const { main } = await import('./cli.ts');
await main(process.argv);
