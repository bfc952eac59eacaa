import type { ColorSpace, PictureFormat } from './picture-format.ts';
import type { GraphBuilder } from '../../onnx/builder.ts';
import { DataType, floatTensor, int64Tensor } from '../../onnx/tensor.ts';
import type { ImageInput } from '../../inference/explained-output.ts';
import type { ImageFormat } from '../../video/frame-source.ts';

/** Luma weights of the matrices that video is coded with (ITU-R BT.601, BT.709, BT.2020). */
const lumaWeights = {
  bt601: { red: 0.299, blue: 0.114 },
  bt709: { red: 0.2126, blue: 0.0722 },
  bt2020: { red: 0.2627, blue: 0.0593 },
} as const;

type CodedMatrix = keyof typeof lumaWeights;

/** The matrix of a video by its tag; BT.601 where there is none, as ffmpeg's scaler takes it. */
export function codedMatrix(colorSpace: string): CodedMatrix {
  if (colorSpace === 'bt709') return 'bt709';
  return colorSpace.startsWith('bt2020') ? 'bt2020' : 'bt601';
}

/**
 * The cheapest bytes from which the network's colour comes out right: luma alone where the network
 * sees grey and the video's luma is that of the sidecar's definition (BT.601); else the three
 * planes as coded, which spares ffmpeg the conversion to RGB. Six planes are as coded too.
 */
export function bytesFor(color: ColorSpace, matrix: CodedMatrix): 'gray' | 'yuv444p' | 'yuv420p' {
  if (color === 'yuv420') return 'yuv420p';
  return color === 'gray' && matrix === 'bt601' ? 'gray' : 'yuv444p';
}

type Matrix = readonly (readonly number[])[];

interface ColorMap {
  readonly matrix: Matrix;
  readonly shift: readonly number[];
}

/** Y, Cb, Cr of limited range (16…235, 16…240) to R, G, B of 0…255. */
function codedToRgb(name: CodedMatrix): ColorMap {
  const { red, blue } = lumaWeights[name];
  const green = 1 - red - blue;
  const luma = 255 / 219;
  const chroma = 255 / 224;
  const matrix = [
    [luma, 0, 2 * (1 - red) * chroma],
    [luma, (-2 * blue * (1 - blue) * chroma) / green, (-2 * red * (1 - red) * chroma) / green],
    [luma, 2 * (1 - blue) * chroma, 0],
  ];
  return { matrix, shift: matrix.map(([y, cb, cr]) => -16 * y! - 128 * (cb! + cr!)) };
}

/** R, G, B of 0…255 to what the network sees, as the sidecar defines it. */
const rgbTo: Readonly<Record<Exclude<ColorSpace, 'rgb' | 'yuv420'>, ColorMap>> = {
  gray: { matrix: [[0.299, 0.587, 0.114]], shift: [0] },
  bgr: {
    matrix: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    shift: [0, 0, 0],
  },
  yuv: {
    matrix: [
      [0.299, 0.587, 0.114],
      [-0.492 * 0.299, -0.492 * 0.587, 0.492 * (1 - 0.114)],
      [0.877 * (1 - 0.299), -0.877 * 0.587, -0.877 * 0.114],
    ],
    shift: [0, 128, 128],
  },
};

/** Planes [N,…,3,P] through a colour matrix. */
function apply(builder: GraphBuilder, planes: string, map: ColorMap): string {
  const matrix = builder.constant(floatTensor([map.matrix.length, 3], map.matrix.flat()), 'matrix');
  const product = builder.node('MatMul', [matrix, planes]);
  if (map.shift.every((value) => value === 0)) return product;
  return builder.node('Add', [
    product,
    builder.constant(floatTensor([map.shift.length, 1], map.shift), 'shift'),
  ]);
}

/**
 * Openpilot's six planes of every frame, out of Y of twice the size, U and V: Y at even rows and even
 * columns, odd rows and even columns, even rows and odd columns, odd rows and odd columns; U; V.
 */
function sixPlanes(
  builder: GraphBuilder,
  bytes: string,
  frames: number,
  { height, width }: ImageInput,
): string {
  const pixels = height * width;
  const all = builder.reshape(bytes, [0, frames, 6, pixels]);
  const planes = (places: readonly number[]) =>
    builder.node('Gather', [all, builder.constant(int64Tensor(places), 'planes')], { axis: 2 });
  // Rows and columns of Y by whether they are even: [N·F, H, 2, W, 2].
  const luma = builder.reshape(planes([0, 1, 2, 3]), [-1, height, 2, width, 2]);
  const apart = builder.reshape(builder.transpose(luma, [0, 4, 2, 1, 3]), [-1, frames, 4, pixels]);
  return builder.node('Concat', [apart, planes([4, 5])], { axis: 2 });
}

/**
 * Appends the way from ffmpeg's bytes, `bytes` uint8 [N, frames × planes, height × width], to the network's
 * picture, which gets the name that the network reads. Colours outside 0…255 are clipped as a
 * conversion to RGB bytes would.
 */
export function pixelsToPicture(
  builder: GraphBuilder,
  bytes: string,
  pixelFormat: ImageFormat['pixelFormat'],
  matrix: CodedMatrix,
  format: PictureFormat,
  image: ImageInput,
): void {
  let planes = builder.node('Cast', [bytes], { to: DataType.float });
  if (pixelFormat === 'yuv444p') {
    if (format.frames > 1)
      planes = builder.reshape(planes, [0, format.frames, 3, image.height * image.width]);
    planes = builder.clip(apply(builder, planes, codedToRgb(matrix)), 0, 255);
    if (format.color !== 'rgb' && format.color !== 'yuv420')
      planes = apply(builder, planes, rgbTo[format.color]);
  }
  if (pixelFormat === 'yuv420p') planes = sixPlanes(builder, planes, format.frames, image);
  let picture = builder.reshape(planes, [0, image.channels, image.height, image.width]);
  const perChannel = (values: readonly number[]) =>
    builder.constant(
      values.every((value) => value === values[0])
        ? floatTensor([], [values[0]!])
        : floatTensor(
            [image.channels, 1, 1],
            Array.from({ length: format.frames }, () => values).flat(),
          ),
      'per_channel',
    );
  if (format.scale.some((value) => value !== 1))
    picture = builder.node('Mul', [picture, perChannel(format.scale)]);
  if (format.offset.some((value) => value !== 0))
    picture = builder.node('Add', [picture, perChannel(format.offset)]);
  if (image.layout === 'NHWC') picture = builder.transpose(picture, [0, 2, 3, 1]);
  if (image.type === DataType.uint8)
    picture = builder.node('Floor', [
      builder.node('Add', [
        builder.clip(picture, 0, 255),
        builder.constant(floatTensor([], [0.5])),
      ]),
    ]);
  if (image.type === DataType.float) builder.node('Identity', [picture], {}, image.name);
  else builder.node('Cast', [picture], { to: image.type }, image.name);
}
