import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadModel } from '../../server/onnx/load-model.ts';
import { readModel } from '../../server/onnx/read-model.ts';
import { ModelProto } from '../../server/onnx/schema.ts';
import { tensorNumbers } from '../../server/onnx/tensor.ts';
import { RoadgazeError } from '../../shared/errors.ts';
import { Network } from '../support/network.ts';
import { temporaryFolder } from '../support/paths.ts';

type Entries = Readonly<Record<string, string>>;

/** x·a + b with a and b kept in another file. */
function model(a: Entries, b: Entries = a): Uint8Array {
  const elsewhere = (name: string, entries: Entries) => ({
    name,
    dataType: 1,
    dims: [2],
    dataLocation: 1,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
  const value = (name: string) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'N' }, { dimValue: 2 }] } } },
  });
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      node: [
        { opType: 'Mul', input: ['x', 'a'], output: ['scaled'] },
        { opType: 'Add', input: ['scaled', 'b'], output: ['out'] },
      ],
      initializer: [elsewhere('a', a), elsewhere('b', b)],
      input: [value('x')],
      output: [value('out')],
    },
  });
  return ModelProto.encode(message).finish();
}

const weights = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4).buffer);

async function folderWith(t: TestContext, bytes: Uint8Array): Promise<string> {
  const folder = join(temporaryFolder(t), 'models');
  await mkdir(folder);
  await writeFile(join(folder, 'model.onnx'), bytes);
  return folder;
}

const fails = (path: string, code: string, words: RegExp) =>
  assert.rejects(
    loadModel(path),
    (error) => error instanceof RoadgazeError && error.code === code && words.test(error.message),
  );

test('weights in a file beside the model are read from their place in it', async (t) => {
  const folder = await folderWith(
    t,
    model(
      { location: 'data/w.bin', offset: '4', length: '8' },
      { location: 'data/w.bin', offset: '12' },
    ),
  );
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'w.bin'), weights);
  const loaded = await loadModel(join(folder, 'model.onnx'));
  assert.deepEqual(
    ['a', 'b'].map((name) => tensorNumbers(loaded.model.initializers.get(name)!)),
    [
      [1, 2],
      [3, 4],
    ],
  );
  assert.equal(loaded.model.source, 'model.onnx');
});

test('a name that only begins with two dots lies inside the folder', async (t) => {
  const folder = await folderWith(t, model({ location: '..w.bin', length: '8' }));
  await writeFile(join(folder, '..w.bin'), weights);
  assert.deepEqual(
    tensorNumbers((await loadModel(join(folder, 'model.onnx'))).model.initializers.get('b')!),
    [0, 1],
  );
});

test("weights outside the model's folder are refused, by path and by link", async (t) => {
  const folder = await folderWith(t, model({ location: '../w.bin', length: '8' }));
  await writeFile(join(folder, '..', 'w.bin'), weights);
  await fails(join(folder, 'model.onnx'), 'MODEL_UNREADABLE', /outside its own folder/);
  await writeFile(
    join(folder, 'absolute.onnx'),
    model({ location: join(folder, '..', 'w.bin'), length: '8' }),
  );
  await fails(join(folder, 'absolute.onnx'), 'MODEL_UNREADABLE', /outside its own folder/);
  await symlink(join(folder, '..', 'w.bin'), join(folder, 'link.bin'));
  await writeFile(join(folder, 'linked.onnx'), model({ location: 'link.bin', length: '8' }));
  await fails(join(folder, 'linked.onnx'), 'MODEL_UNREADABLE', /outside its own folder/);
});

test('missing, short and senseless weights are told apart from a broken model', async (t) => {
  const folder = await folderWith(t, model({ location: 'w.bin', offset: '0', length: '8' }));
  const path = join(folder, 'model.onnx');
  await fails(path, 'MODEL_UNREADABLE', /"w\.bin", which is not beside it/);
  await writeFile(join(folder, 'w.bin'), weights.subarray(0, 5));
  await fails(path, 'MODEL_UNREADABLE', /"w\.bin".*shorter/);
  await writeFile(join(folder, 'w.bin'), weights);
  for (const wrong of [
    { offset: '-4', length: '8' },
    { offset: 'x', length: '8' },
    { offset: '0', length: '-8' },
    { offset: '16', length: '8' },
  ]) {
    await writeFile(path, model({ location: 'w.bin', ...wrong }));
    await fails(path, 'MODEL_UNREADABLE', /shorter/);
  }
  await writeFile(path, model({ location: 'w.bin', length: '12' }));
  await fails(path, 'MODEL_UNREADABLE', /"a" whose data does not fill its shape \[2\]/);
  await writeFile(path, model({ offset: '0' }));
  await fails(path, 'MODEL_UNREADABLE', /"a"/);
});

test('bytes without a folder cannot have weights elsewhere', () => {
  assert.throws(
    () => readModel(model({ location: 'w.bin' }), 'alone.onnx'),
    (error) => error instanceof RoadgazeError && error.code === 'MODEL_UNREADABLE',
  );
});

test('a file that is missing, a folder, empty or cut short is told by name', async (t) => {
  const folder = temporaryFolder(t);
  await fails(join(folder, 'none.onnx'), 'INPUT_NOT_FOUND', /none\.onnx/);
  await fails(folder, 'INPUT_NOT_FOUND', new RegExp(folder));
  await writeFile(join(folder, 'empty.onnx'), '');
  await fails(join(folder, 'empty.onnx'), 'INPUT_EMPTY', /empty\.onnx/);
  const network = new Network();
  network.node('Relu', [network.input('x', ['N', 2])], {}, 'y');
  await writeFile(join(folder, 'cut.onnx'), network.bytes(['y']).subarray(0, 30));
  await fails(join(folder, 'cut.onnx'), 'MODEL_UNREADABLE', /cut\.onnx/);
});
