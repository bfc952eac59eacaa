import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { setupModule, writeFiles } from './support.ts';

const { importsOf, importProblems } = await setupModule<{
  importsOf(folder: string): ReadonlyMap<string, readonly string[]>;
  importProblems(imports: ReadonlyMap<string, readonly string[]>): string[];
}>('imports.mjs');

function problemsOf(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const folder = temporaryFolder(t);
  writeFiles(folder, files);
  return importProblems(importsOf(folder));
}

test('this tree keeps its floors and has no circles', () => {
  assert.deepEqual(importProblems(importsOf(repositoryRoot)), []);
});

test('state that is tested in Node imports no component, wherever that stands', (t) => {
  const files = {
    'client/state/a.svelte.ts': "import B from './B.svelte';\nimport { c } from './c.svelte.ts';",
    'client/state/B.svelte': '',
    'client/state/c.svelte.ts': '',
    'client/panels/D.svelte': "<script>\nimport E from './E.svelte';\n</script>",
    'client/panels/E.svelte': '',
  };
  assert.deepEqual(problemsOf(t, files), [
    'client/state/a.svelte.ts imports client/state/B.svelte: client/state is tested in Node, where there are no components.',
  ]);
});

test('an import that points up is named with both floors', (t) => {
  const files = {
    'server/onnx/a.ts': "import { b } from '../explain/b.ts';",
    'server/explain/b.ts': '',
  };
  assert.deepEqual(problemsOf(t, files), [
    'server/onnx/a.ts imports server/explain/b.ts: server/onnx must not know server/explain.',
  ]);
  assert.deepEqual(
    problemsOf(t, {
      'server/onnx/a.ts': '',
      'server/explain/b.ts': "export * from '../onnx/a.ts';",
    }),
    [],
  );
});

test('pictures come from an open drive: above drives and live feeds nobody decodes a file', (t) => {
  const importing = (path: string) =>
    problemsOf(t, {
      [path]: "import { decodeVideo } from '../video/decoder.ts';",
      'server/video/decoder.ts': '',
    });
  assert.deepEqual(importing('server/pipeline/a.ts'), [
    'server/pipeline/a.ts imports server/video/decoder.ts, which is for server/video, server/drive, server/live.',
  ]);
  for (const path of ['server/drive/a.ts', 'server/live/a.ts'])
    assert.deepEqual(importing(path), []);
});

test('an import of a type counts, and so does one that is made on the way', (t) => {
  const target = { 'server/cli/b.ts': '' };
  const upward = (line: string) => problemsOf(t, { ...target, 'server/api/a.ts': line }).length;
  assert.equal(upward("import type { B } from '../cli/b.ts';"), 1);
  assert.equal(upward("const b = await import('../cli/b.ts');"), 1);
  assert.equal(upward("// import type { B } from '../cli/b.ts';"), 0);
});

test('server and page do not know each other, and neither knows the tests', (t) => {
  const files = {
    'client/panels/A.svelte':
      '<script lang="ts">import { b } from \'../../server/api/b.ts\';</script>',
    'server/api/b.ts': "import { c } from '../../test/c.ts';",
    'test/c.ts': "import { d } from '../client/data/d.ts';",
    'client/data/d.ts': '',
  };
  assert.deepEqual(problemsOf(t, files), [
    'client/panels/A.svelte imports server/api/b.ts: client/panels must not know server/api.',
    'server/api/b.ts imports test/c.ts: server/api must not know test.',
  ]);
});

test('state that imports a component of the page is named', (t) => {
  const files = {
    'client/stream/state.svelte.ts': "import Panel from '../panels/Panel.svelte';",
    'client/panels/Panel.svelte': '',
  };
  assert.deepEqual(problemsOf(t, files), [
    'client/stream/state.svelte.ts imports client/panels/Panel.svelte: client/stream must not know client/panels.',
  ]);
});

test('a circle is named with its files, also one of types alone', (t) => {
  const files = {
    'shared/a.ts': "import type { B } from './b.ts';",
    'shared/b.ts': "import type { C } from './c.ts';",
    'shared/c.ts': "import type { A } from './a.ts';",
    'shared/d.ts': "import type { A } from './a.ts';",
  };
  assert.deepEqual(problemsOf(t, files), [
    'These files import each other in a circle: shared/a.ts, shared/b.ts, shared/c.ts.',
  ]);
});

test('circles are told only where nothing points up: one import that does closes many', (t) => {
  const files = {
    'server/results/a.ts': "import type { B } from '../pipeline/b.ts';",
    'server/pipeline/b.ts': "import type { A } from '../results/a.ts';",
  };
  assert.deepEqual(problemsOf(t, files), [
    'server/results/a.ts imports server/pipeline/b.ts: server/results must not know server/pipeline.',
  ]);
});

test('a folder that nobody has given a floor is named', (t) => {
  assert.deepEqual(problemsOf(t, { 'server/attic/a.ts': '' }), [
    'server/attic/a.ts stands on no floor.',
  ]);
});

test('no timer of the server polls for rows or flags: they are pushed', () => {
  const timers: string[] = [];
  for (const path of importsOf(repositoryRoot).keys()) {
    if (!path.startsWith('server/')) continue;
    for (const [call] of readFileSync(join(repositoryRoot, path), 'utf8').matchAll(
      /setInterval\([^;]*/g,
    ))
      timers.push(`${path}: ${call.replaceAll(/\s+/g, ' ')}`);
  }
  assert.deepEqual(
    timers.filter((timer) => /server\/(alerts|analysis)\/|rows|flag|alert/i.test(timer)),
    [],
  );
  // The files that have one at all. Each measures, pings or tidies; a further one is looked at here.
  assert.deepEqual([...new Set(timers.map((timer) => timer.split(':')[0]))].sort(), [
    'server/api/feeds/feed-view.ts',
    'server/api/peer.ts',
    'server/live/live-decoder.ts',
    'server/live/segment-ring.ts',
    'server/pipeline/player-playback.ts',
    'server/pipeline/workshop/workshop-process.ts',
  ]);
});
