import { RoadgazeError } from '../../shared/errors.ts';

/** A tensor as NumPy keeps it in a file; row-major. */
export interface NpyTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy starts the data at a multiple of this. */
const ALIGNMENT = 64;

/** NumPy's format 1.0: float32, little-endian, C order. */
export function writeNpy({ dims, values }: NpyTensor): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const start = Math.ceil((MAGIC.length + 4 + header.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(start + 4 * values.length, ' ');
  bytes.set([...MAGIC, 1, 0]);
  bytes.writeUInt16LE(start - MAGIC.length - 4, MAGIC.length + 2);
  bytes.write(header, MAGIC.length + 4, 'latin1');
  bytes[start - 1] = 0x0a;
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start);
  return bytes;
}

/** Entries of the header, a Python dictionary; in any order. */
const DESCRIPTION = /'descr': *'([<>|=]?)(\w+)'/;
const FORTRAN_ORDER = /'fortran_order': *(True|False)/;
const SHAPE = /'shape': *\(([\d, ]*)\)/;

/** How many bytes a number takes and how it is read. */
interface Kind {
  readonly bytes: number;
  read(view: DataView, at: number, little: boolean): number;
}

/** Numbers of NumPy's that a picture can come in. */
const PICTURE_KINDS: Readonly<Record<string, Kind>> = {
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
};
const KINDS: Readonly<Record<string, Kind>> = {
  ...PICTURE_KINDS,
  b1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/**
 * float32, float64 and uint8 of formats 1 to 3, as float32. `source` names the file in messages.
 * Throws TENSOR_INVALID.
 */
export function readNpy(bytes: Uint8Array, source: string): NpyTensor {
  const { dims, count, valueAt } = look(bytes, source, PICTURE_KINDS);
  return { dims, values: Float32Array.from({ length: count }, (_, index) => valueAt(index)) };
}

export interface NpyNumbers {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

/** As `readNpy`, but all numbers, whole ones and truths too, and as float64. */
export function readNpyNumbers(bytes: Uint8Array, source: string): NpyNumbers {
  const { dims, count, valueAt } = look(bytes, source, KINDS);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = valueAt(index);
  return { dims, values };
}

interface Looked {
  readonly dims: readonly number[];
  readonly count: number;
  readonly valueAt: (index: number) => number;
}

function look(bytes: Uint8Array, source: string, kinds: Readonly<Record<string, Kind>>): Looked {
  const wrong = (what: string, hint = 'Write it in Python with numpy.save(name, array).') =>
    new RoadgazeError('TENSOR_INVALID', `${source} ${what}.`, hint);
  if (bytes.length < 10 || MAGIC.some((byte, index) => bytes[index] !== byte))
    throw wrong('is not a NumPy file');
  const version = bytes[6]!;
  if (version < 1 || version > 3)
    throw wrong(`is of NumPy's format ${version}.${bytes[7]}, which is not known`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengthBytes = version === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw wrong('ends in its header');
  const start =
    8 + lengthBytes + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) throw wrong('ends in its header');
  const header = Buffer.from(bytes.subarray(8 + lengthBytes, start)).toString('latin1');
  const [description, fortran, shape] = [DESCRIPTION, FORTRAN_ORDER, SHAPE].map((entry) =>
    entry.exec(header),
  );
  if (!description || !fortran || !shape) throw wrong('has a header that is not understood');
  const [, order, type = ''] = description;
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (!kind)
    throw wrong(
      `holds numbers of type ${order}${type}`,
      'Save it as float32: numpy.save(name, array.astype("float32")).',
    );
  const dims = shape[1]!
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
    .map(Number);
  if (fortran[1] === 'True' && dims.length > 1)
    throw wrong(
      'is in Fortran order',
      'Save it in C order: numpy.save(name, numpy.ascontiguousarray(array)).',
    );
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (bytes.length - start !== count * kind.bytes)
    throw wrong(
      `holds ${bytes.length - start} bytes of numbers where its shape [${dims.join(', ')}] needs ${count * kind.bytes}`,
      'Write or copy it again: it is not complete.',
    );
  return {
    dims,
    count,
    valueAt: (index) => kind.read(view, start + index * kind.bytes, order !== '>'),
  };
}
