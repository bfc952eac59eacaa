import { decode, encode } from '@msgpack/msgpack';
import type { Random } from '../../../recordings/scene/world/random.ts';
import { decodeFrame } from '../../../shared/protocol/decode-frame.ts';
import { encodeFrame, type PartBytes } from '../../../shared/protocol/encode-frame.ts';
import { PREAMBLE_LENGTH } from '../../../shared/protocol/frame-message.ts';
import { Defect } from '../judge.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import type { FuzzTarget } from '../target.ts';

export function open(): FuzzTarget {
  return {
    make(random) {
      const clean = Buffer.concat(validMessage(random));
      if (random.chance(0.5)) return mutateBytes(clean, random);
      try {
        return withHeader(clean, JSON.parse(mutateJson(headerOf(clean), random)));
      } catch {
        return mutateBytes(clean, random);
      }
    },
    run(input) {
      const { parts, ...header } = decodeFrame(input);
      const again = Buffer.concat(encodeFrame(header, parts));
      const { parts: partsAgain, ...headerAgain } = decodeFrame(again);
      if (
        JSON.stringify([header, parts.map(sizeOf)]) !==
        JSON.stringify([headerAgain, partsAgain.map(sizeOf)])
      )
        throw new Defect('A message that was read is another one once it is written again');
      return 'read';
    },
  };
}

const sizeOf = ({ kind, method, width, height, bytes }: PartBytes) => [
  kind,
  method,
  width,
  height,
  Buffer.from(bytes).toString('hex'),
];

function validMessage(random: Random): Uint8Array[] {
  const score = {
    mass: random.next(),
    onRoad: random.chance(0.5) ? random.next() : null,
    lift: null,
    peakOnRoad: 1,
    offRoadX: 0.5,
    offRoadY: null,
  };
  const agreement = random.chance(0.5) ? null : { spearman: 0.5, ssim: null, topOverlap: 0.25 };
  const header = {
    sequence: random.below(1000),
    generation: random.below(9),
    frame: random.below(1e6),
    pts: random.range(0, 1e5),
    steering: random.chance(0.8) ? random.range(-1, 1) : null,
    driven: null,
    scores: [score],
    agreement,
  };
  const parts: PartBytes[] = [
    {
      kind: 'picture',
      method: '',
      width: 96,
      height: 54,
      bytes: Buffer.alloc(random.below(40), 7),
    },
    { kind: 'mask', method: 'visualbackprop', width: 4, height: 3, bytes: Buffer.alloc(12, 9) },
    ...(random.chance(0.5)
      ? [{ kind: 'road' as const, method: '', width: 2, height: 2, bytes: Buffer.alloc(4, 1) }]
      : []),
  ];
  return encodeFrame(header, parts);
}

const lengthOf = (message: Buffer) => message.readUInt32LE(4);
const headerOf = (message: Buffer) =>
  decode(message.subarray(PREAMBLE_LENGTH, PREAMBLE_LENGTH + lengthOf(message)));

function withHeader(message: Buffer, header: unknown): Uint8Array {
  const packed = encode(header);
  const result = Buffer.concat([
    message.subarray(0, PREAMBLE_LENGTH),
    packed,
    message.subarray(PREAMBLE_LENGTH + lengthOf(message)),
  ]);
  result.writeUInt32LE(packed.length, 4);
  return result;
}
