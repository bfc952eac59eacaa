import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureTable } from '../../../shared/measures/documentation.ts';
import { repositoryRoot } from '../../support/paths.ts';

test('the documentation names every column of frames.csv as the table of measures has it', async () => {
  const text = await readFile(join(repositoryRoot, 'docs/commands.md'), 'utf8');
  const [, written] = /<!-- measures -->\n\n([^]*?)\n\n<!-- \/measures -->/.exec(text) ?? [];
  assert.equal(written, measureTable(), 'run `npm run docs`');
});
