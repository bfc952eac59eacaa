import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiledMethods } from '../../server/explain/methods.ts';
import { randomFloats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';
import { roadgaze } from '../support/warm-cli.ts';

const compile = (...args: string[]) => roadgaze('compile', ...args);

test('several methods become outputs of one network, each with its own options', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'explained.onnx');
  const { status, stdout, stderr } = await compile(
    writeSteeringNetwork(folder),
    '--method',
    'gradient,gradcam',
    '--option',
    'gradcam.upscale=input',
    '-o',
    output,
  );
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(
    stdout,
    /output explanation_gradient N×1×24×48, explanation_gradcam N×1×24×48\n {2}explains output "steering"\n$/,
  );
  const outputs = await runNetwork(readFileSync(output), { image: randomFloats([2, 1, 24, 48]) });
  assert.deepEqual(Object.keys(outputs), [
    'steering',
    'explanation_gradient',
    'explanation_gradcam',
  ]);
  assert.deepEqual(outputs['explanation_gradcam']!.dims, [2, 1, 24, 48]);
});

test('the target turns the explanation round', async (t) => {
  const folder = temporaryFolder(t);
  const model = writeSteeringNetwork(folder);
  const maps = [];
  for (const target of ['+', '-']) {
    const output = join(folder, 'explained.onnx');
    assert.equal(
      (await compile(model, '--method', 'gradient', '--target', target, '-o', output)).status,
      0,
    );
    maps.push(
      (await runNetwork(readFileSync(output), { image: randomFloats([1, 1, 24, 48]) }))[
        'explanation'
      ]!.data,
    );
  }
  assert.ok(
    relativeError(
      maps[1]!,
      maps[0]!.map((value) => -value),
    ) < 1e-6,
  );
});

test('the help lists every method that can be compiled, with its options', async () => {
  const { stdout } = await compile('--help');
  for (const { id, options } of compiledMethods) {
    assert.match(stdout, new RegExp(`^  ${id} `, 'm'));
    for (const { name } of options) assert.match(stdout, new RegExp(`^ +${name}=`, 'm'));
  }
});

test('a method of many passes is not compiled, and the error says what runs it', async (t) => {
  const folder = temporaryFolder(t);
  const { status, stderr } = await compile(
    writeSteeringNetwork(folder),
    '--method',
    'lime',
    '-o',
    join(folder, 'explained.onnx'),
  );
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^error METHOD_UNKNOWN: LIME .*\n {2}→ Use "roadgaze explain --method lime"/,
  );
});
