import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNpy, writeNpy } from '../../server/files/npy.ts';
import { temporaryFolder } from '../support/paths.ts';

function python(): string | null {
  for (const program of ['/usr/bin/python3', 'python3']) {
    try {
      execFileSync(program, ['-c', 'import numpy'], { stdio: 'ignore' });
      return program;
    } catch {
      /* the next one */
    }
  }
  return null;
}

const numpy = python();
const skip = numpy ? false : 'no Python with NumPy on this machine';

/** A file of format 1.0 with this header and these bytes of numbers. */
function npy(header: string, data: Uint8Array, version = 1): Uint8Array {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    text,
    data,
  ]);
}

const floatBytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

test('a tensor is written as NumPy writes it, byte by byte', () => {
  const bytes = Buffer.from(writeNpy({ dims: [1, 2], values: Float32Array.of(1, -2) }));
  assert.equal(bytes.subarray(0, 10).toString('latin1'), '\x93NUMPY\x01\x00\x76\x00');
  assert.equal(
    bytes.subarray(10, 128).toString('latin1'),
    `${"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117)}\n`,
  );
  assert.deepEqual([...bytes.subarray(128)], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  assert.match(
    Buffer.from(writeNpy({ dims: [3], values: new Float32Array(3) })).toString('latin1'),
    /'shape': \(3,\)/,
  );
});

test('NumPy reads what is written', { skip }, (t) => {
  const path = join(temporaryFolder(t), 'map.npy');
  writeFileSync(path, writeNpy({ dims: [1, 2, 3], values: Float32Array.of(1, 2, 3, 4, 5, -0.25) }));
  const answer = execFileSync(
    numpy!,
    [
      '-c',
      `import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.shape, a.tolist(), a.flags.c_contiguous)`,
      path,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(answer.trim(), 'float32 (1, 2, 3) [[[1.0, 2.0, 3.0], [4.0, 5.0, -0.25]]] True');
});

test(
  'what NumPy writes is read: float32, float64, uint8, big-endian, and a scalar axis',
  { skip },
  (t) => {
    const folder = temporaryFolder(t);
    execFileSync(numpy!, [
      '-c',
      `
import numpy, os, sys
a = numpy.arange(6).reshape(2, 3)
for name, kind in (('f4', '<f4'), ('f8', '<f8'), ('u1', 'u1'), ('big', '>f4')): numpy.save(os.path.join(sys.argv[1], name), a.astype(kind))
numpy.save(os.path.join(sys.argv[1], 'one'), numpy.float32([7]))
with open(os.path.join(sys.argv[1], 'two.npy'), 'wb') as f: numpy.lib.format.write_array(f, a.astype('<f4'), version=(2, 0))`,
      folder,
    ]);
    for (const name of ['f4', 'f8', 'u1', 'big', 'two']) {
      assert.deepEqual(
        readNpy(readFileSync(join(folder, `${name}.npy`)), name),
        { dims: [2, 3], values: Float32Array.of(0, 1, 2, 3, 4, 5) },
        name,
      );
    }
    assert.deepEqual(readNpy(readFileSync(join(folder, 'one.npy')), 'one'), {
      dims: [1],
      values: Float32Array.of(7),
    });
  },
);

test('the entries of the header may come in any order', () => {
  assert.deepEqual(
    readNpy(npy("{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}", floatBytes(3, 4)), 'a'),
    { dims: [2], values: Float32Array.of(3, 4) },
  );
});

const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
const wrong: readonly (readonly [title: string, bytes: Uint8Array, says: RegExp])[] = [
  ['no NumPy file', Buffer.from('P6 3 3 255 abcdefghij'), /is not a NumPy file/],
  ['an empty file', new Uint8Array(0), /is not a NumPy file/],
  ['another format', npy(good, floatBytes(1, 2), 9), /format 9/],
  ['a cut header', npy(good, floatBytes(1, 2)).subarray(0, 40), /ends in its header/],
  ['a header of something else', npy('{}', floatBytes(1, 2)), /header that is not understood/],
  ['integers', npy(good.replace('<f4', '<i8'), floatBytes(1, 2)), /type <i8/],
  ['objects', npy(good.replace('<f4', '|O'), floatBytes(1, 2)), /type \|O/],
  ['columns first', npy(good.replace('False', 'True'), floatBytes(1, 2)), /Fortran order/],
  [
    'numbers missing',
    npy(good, floatBytes(1)),
    /4 bytes of numbers where its shape \[1, 2\] needs 8/,
  ],
  ['numbers too many', npy(good, floatBytes(1, 2, 3)), /12 bytes/],
];

for (const [title, bytes, says] of wrong) {
  test(`${title} is refused by name`, () =>
    assert.throws(() => readNpy(bytes, 'in.npy'), { code: 'TENSOR_INVALID', message: says }));
}

test('no cut of a file is read as if it were whole', () => {
  const whole = npy(good, floatBytes(1, 2));
  for (let length = 0; length < whole.length; length++)
    assert.throws(
      () => readNpy(whole.subarray(0, length), 'in.npy'),
      { code: 'TENSOR_INVALID' },
      `${length} bytes`,
    );
});
