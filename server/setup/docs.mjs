// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';
import { root } from './project.mjs';
import { reportAndExit, tell } from './report.mjs';

// `npm run docs`: writes what the documentation takes out of the code.
await prepare(['packages', 'server']).catch(reportAndExit);

/** @type {{ measureTable(): string }} */
const { measureTable } = await import(
  pathToFileURL(join(root, 'dist/node/shared/measures/documentation.js')).href
);
const path = join(root, 'docs/commands.md');
const text = readFileSync(path, 'utf8');
const written = text.replace(
  /(<!-- measures -->\n\n)[^]*?(\n\n<!-- \/measures -->)/,
  (_, begin, end) => `${begin}${measureTable()}${end}`,
);
if (written !== text) {
  writeFileSync(path, written);
  tell('Wrote docs/commands.md.');
}
