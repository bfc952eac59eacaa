import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { repositoryRoot } from '../support/paths.ts';
import { runNode } from './support.ts';

/** Bytes. */
const LARGEST = 40e6;

describe('the package', () => {
  let folder = '';
  let archive = '';
  let installed = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadgaze-test-'));
    // What npm packs is built already: tests run from it.
    execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
      cwd: repositoryRoot,
    });
    archive = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
    );
    installed = join(folder, 'node_modules/roadgaze');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['xzf', archive, '--strip-components=1', '-C', installed]);
    // The packages that it depends on, and ONNX Runtime, without a registry.
    const { dependencies, peerDependencies } = packageFile();
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(join(link, '..'), { recursive: true });
      symlinkSync(join(repositoryRoot, 'node_modules', name), link);
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const packageFile = () =>
    JSON.parse(
      execFileSync('tar', ['xzOf', archive, 'package/package.json'], { encoding: 'utf8' }),
    ) as {
      readonly version: string;
      readonly dependencies: Readonly<Record<string, string>>;
      readonly peerDependencies: Readonly<Record<string, string>>;
    };

  test('is under 40 MB, and holds server, page and demo, but neither sources nor tests', () => {
    assert.ok(statSync(archive).size < LARGEST);
    const files = execFileSync('tar', ['tzf', archive], { encoding: 'utf8' }).split('\n');
    for (const name of [
      'dist/node/server/cli/main.js',
      'dist/client/index.html',
      'recordings/drives/misleading-signs.mp4',
      'recordings/networks/pilotnet.onnx',
      'LICENSE',
      'README.md',
    ]) {
      assert.ok(files.includes(`package/${name}`), name);
    }
    assert.deepEqual(
      files.filter((name) => /\/test\/|(?<!\.d)\.ts$|\.map$|\.svelte$/.test(name)),
      [],
    );
  });

  test('runs without a checkout, from another folder', async () => {
    const elsewhere = join(folder, 'elsewhere');
    cpSync(join(installed, 'recordings/networks'), elsewhere, { recursive: true });
    const program = join(installed, 'server/setup/roadgaze.mjs');
    const version = await runNode([program, '--version'], { cwd: elsewhere });
    assert.deepEqual(version, { status: 0, stdout: `${packageFile().version}\n`, stderr: '' });
    const compiled = await runNode([program, 'compile', 'pilotnet.onnx', '-o', 'explained.onnx'], {
      cwd: elsewhere,
    });
    assert.deepEqual([compiled.status, compiled.stderr], [0, '']);
    assert.ok(statSync(join(elsewhere, 'explained.onnx')).size > 500_000);
  });

  test('its library entries read, compile and write a network, and decode a frame message', async () => {
    const script = join(folder, 'library.mjs');
    writeFileSync(
      script,
      `import { loadModel, readModel, writeModel, inferShapes } from 'roadgaze/onnx';
       import { anySubject, compile, parseSidecar, subjectOf } from 'roadgaze/compile';
       import { decodeFrame, PROTOCOL_VERSION } from 'roadgaze/protocol';
       const { model } = await loadModel(process.argv[2]);
       const explained = compile(model, [{ id: 'visualbackprop' }], anySubject, '+');
       const again = readModel(writeModel(explained), 'again');
       let refusal = '';
       try { decodeFrame(new Uint8Array(8)); } catch (error) { refusal = error.code; }
       console.log(JSON.stringify({
         outputs: again.outputs.map(({ name }) => name),
         shape: inferShapes(model).of('steering'),
         subject: subjectOf(parseSidecar('{"roadgaze":1,"kind":"steering","output":{"index":2}}', 'x')).outputIndex,
         version: PROTOCOL_VERSION, refusal,
       }));`,
    );
    const { status, stdout, stderr } = await runNode(
      [script, join(installed, 'recordings/networks/pilotnet.onnx')],
      { cwd: folder },
    );
    assert.deepEqual([status, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), {
      outputs: ['steering', 'explanation'],
      shape: ['N', 1],
      subject: 2,
      version: 1,
      refusal: 'PROTOCOL_VIOLATION',
    });
  });
});
