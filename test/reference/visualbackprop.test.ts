import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compile } from '../../server/explain/compile.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { writeModel } from '../../server/onnx/write-model.ts';
import { floats, relativeError, runNetwork } from '../support/onnx-runtime.ts';
import { sharedFolder } from '../support/paths.ts';

interface Stored {
  readonly file: string;
  readonly shape: readonly number[];
}

interface Index {
  readonly samples: readonly { readonly id: number; readonly steering: number; readonly input: Stored; readonly maps: Readonly<Record<string, Stored>> }[];
}

async function stored(folder: string, entry: Stored): Promise<Float32Array> {
  const bytes = await readFile(join(folder, entry.file));
  return new Float32Array(new Uint8Array(bytes).buffer);
}

const references = sharedFolder && existsSync(join(sharedFolder, 'reference')) ? readdirSync(join(sharedFolder, 'reference')) : [];

for (const name of ['nethvf', 'pilotnet-elu', ...references.filter((each) => each !== 'nethvf' && each !== 'pilotnet-elu')]) {
  const present = references.includes(name);
  test(`the compiled ${name} gives the reference's VisualBackProp maps and steering`, { skip: present ? false : 'the shared references are not here' }, async () => {
    const folder = join(sharedFolder!, 'reference', name);
    const { samples } = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Index;
    const model = readModel(await readFile(join(sharedFolder!, 'real', `${name}.onnx`)), `${name}.onnx`);
    const compiled = writeModel(compile(model, [{ id: 'visualbackprop' }]));
    const mapped = samples.filter((sample) => sample.maps['visualbackprop']);
    assert.notEqual(mapped.length, 0);
    for (const sample of mapped) {
      const map = sample.maps['visualbackprop']!;
      const outputs = await runNetwork(compiled, { image: floats(sample.input.shape, await stored(folder, sample.input)) });
      assert.deepEqual(outputs['explanation']!.dims, map.shape);
      const error = relativeError(outputs['explanation']!.data, await stored(folder, map));
      assert.ok(error <= 1e-3, `sample ${sample.id}: the map differs by ${error} of its largest value`);
      const steering = outputs['steering']!.data[0]!;
      assert.ok(Math.abs(steering - sample.steering) <= 1e-4 * Math.max(1e-3, Math.abs(sample.steering)), `sample ${sample.id}: steering ${steering}, reference ${sample.steering}`);
    }
  });
}
