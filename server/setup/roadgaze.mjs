#!/usr/bin/env node
// The command `roadgaze`. An old Node must be able to read this file, so that it can say which one is needed.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    'error SETUP_FAILED: Roadgaze needs Node 20.19 or newer; this is ' +
      process.version +
      '.\n  → Install a current Node, for example from https://nodejs.org.',
  );
  process.exitCode = 1;
} else {
  import('./start.mjs').then(({ start }) => start(process.argv.slice(2)));
}
