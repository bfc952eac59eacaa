/** ONNX element types by their number in the file format. */
export const DataType = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type DataType = (typeof DataType)[keyof typeof DataType];

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type DataConstructor = {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): TensorData;
  new (length: number): TensorData;
  BYTES_PER_ELEMENT: number;
};

/** float16 and bfloat16 are kept as their bits, bool as one byte. Strings have no typed array. */
const constructors: Partial<Record<number, DataConstructor>> = {
  [DataType.float]: Float32Array,
  [DataType.double]: Float64Array,
  [DataType.int8]: Int8Array,
  [DataType.uint8]: Uint8Array,
  [DataType.int16]: Int16Array,
  [DataType.uint16]: Uint16Array,
  [DataType.int32]: Int32Array,
  [DataType.uint32]: Uint32Array,
  [DataType.int64]: BigInt64Array,
  [DataType.uint64]: BigUint64Array,
  [DataType.bool]: Uint8Array,
  [DataType.float16]: Uint16Array,
  [DataType.bfloat16]: Uint16Array,
};

export function dataConstructor(type: number): DataConstructor | undefined {
  return constructors[type];
}

/** Bytes of an element; of a type that has no fixed size, as many as the largest. */
export function bytesOf(type: number): number {
  return constructors[type]?.BYTES_PER_ELEMENT ?? 8;
}

export function dataTypeName(type: number): string {
  return Object.entries(DataType).find(([, number]) => number === type)?.[0] ?? `type ${type}`;
}

/** A constant of the graph; `data` is row-major. Empty `dims` is a scalar. */
export interface Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The largest finite float32. */
export const LARGEST_FLOAT = 3.4028234663852886e38;

export function floatTensor(dims: readonly number[], values: ArrayLike<number>): Tensor {
  return {
    type: DataType.float,
    dims,
    data: values instanceof Float32Array ? values : Float32Array.from(values),
  };
}

export function scalar(value: number): Tensor {
  return floatTensor([], [value]);
}

export function int64Tensor(
  values: readonly number[],
  dims: readonly number[] = [values.length],
): Tensor {
  return { type: DataType.int64, dims, data: BigInt64Array.from(values, BigInt) };
}

/** The elements of a tensor of any numeric type as numbers. */
export function tensorNumbers({ type, data }: Tensor): number[] {
  const values = Array.from(data as ArrayLike<number | bigint>, Number);
  if (type === DataType.float16) return values.map((bits) => ofBits(bits, 5, 10));
  return type === DataType.bfloat16 ? values.map((bits) => ofBits(bits, 8, 7)) : values;
}

/** A floating-point number of IEEE 754's form with so many bits for its exponent and fraction. */
function ofBits(bits: number, exponentBits: number, fractionBits: number): number {
  const fraction = (bits & ((1 << fractionBits) - 1)) / (1 << fractionBits);
  const largest = (1 << exponentBits) - 1;
  const exponent = (bits >> fractionBits) & largest;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === largest) return fraction === 0 ? sign * Infinity : NaN;
  const bias = largest >> 1;
  return exponent === 0
    ? sign * fraction * 2 ** (1 - bias)
    : sign * (1 + fraction) * 2 ** (exponent - bias);
}
