import type { FfmpegFile } from '../video/ffmpeg-process.ts';
import { imageFilter } from '../video/filters.ts';
import type { DisplayFormat, ImageFormat } from '../video/frame-source.ts';
import type { VideoTools } from '../video/tools.ts';
import { isUntimed } from './input-options.ts';
import { GROUND_FILTER, ladderFilter, TICKS } from './picture-ladder.ts';
import type { KnownSource } from './stream-lines.ts';

/** Where one connection writes its part of the ring. */
export interface SegmentTarget {
  /** Absolute path with `%06d` for the number of the segment, from 0. */
  readonly pattern: string;
  readonly segmentSeconds: number;
  readonly format: SegmentFormat;
}

export type SegmentFormat = 'mpegts' | 'nut';

/**
 * In NUT, which takes every codec, short pieces of streams whose packets are not in order do not
 * tell when they begin.
 */
const IN_MPEGTS = new Set(['h264', 'hevc', 'mpeg2video', 'mpeg1video', 'mpeg4']);
const MUXER_OPTIONS: Readonly<Record<SegmentFormat, string>> = {
  mpegts: 'mpegts_copyts=1:avoid_negative_ts=disabled:flush_packets=1',
  nut: 'flush_packets=1:write_index=0',
};

/** As what a source is recorded; null: not known yet. */
export function segmentFormat(source: KnownSource | null): SegmentFormat {
  return source === null || (IN_MPEGTS.has(source.codec) && !isUntimed(source)) ? 'mpegts' : 'nut';
}

export interface OutputRequest {
  readonly images: readonly ImageFormat[];
  readonly display: DisplayFormat;
  readonly segments: SegmentTarget | null;
  /** The pictures carry no time. */
  readonly untimed: boolean;
  /**
   * Packets may come without a time. Whoever gives them one keeps each packet until the next comes.
   */
  readonly lacksTimes: boolean;
  /** The source gives raw pictures. */
  readonly isRaw: boolean;
  /** One for each of images, display and the list of segments, in this order. */
  readonly urls: readonly string[];
  readonly tools: Pick<VideoTools, 'passthrough' | 'copiedTimes'>;
}

/**
 * In more threads an encoder keeps a picture until the next one comes, and for good as many as a
 * burst, with which most streams begin, gave it at once.
 */
const AT_ONCE = ['-threads', '1'] as const;

/** At most so wide, both sides even. JPEG has BT.601's matrix in full range. */
function displayFilter({ maxWidth }: DisplayFormat): string {
  return `scale=w='2*floor(min(iw,${maxWidth})/2)':h=-2:flags=bilinear:out_color_matrix=bt601:out_range=pc,format=yuvj420p`;
}

/** One stream of pictures per format, decoded and timed once, and the ring in segments. */
export function liveOutputs({
  images,
  display,
  segments,
  untimed,
  lacksTimes,
  isRaw,
  urls,
  tools,
}: OutputRequest): FfmpegFile[] {
  const timed = [
    ...AT_ONCE,
    ...tools.passthrough,
    '-enc_time_base',
    `1:${TICKS}`,
    '-map_metadata',
    '-1',
    '-flush_packets',
    '1',
  ];
  const pictures = images.map((format) => ({ filter: imageFilter(format), codec: ['rawvideo'] }));
  pictures.push({
    filter: displayFilter(display),
    codec: ['mjpeg', '-q:v', String(display.quality), '-huffman', 'default'],
  });
  const outputs: { url: string; options: string[] }[] = pictures.map(({ codec }, index) => ({
    url: urls[index]!,
    options: [
      '-map',
      `[out${index}]`,
      '-c:v',
      ...codec,
      ...timed,
      '-write_index',
      '0',
      '-f',
      'nut',
    ],
  }));
  const filters = pictures.map(({ filter }) => filter);
  if (segments) {
    // A copy of raw pictures fills the disk, and untimed packets have no time that a copy could
    // keep.
    const encode = untimed || isRaw;
    const codec = encode
      ? ['-map', `[out${filters.length}]`, '-c:v', 'mjpeg', '-q:v', '3', ...timed]
      : [
          '-map',
          '0:V:0',
          '-c',
          'copy',
          '-copytb',
          '1',
          ...(lacksTimes ? tools.copiedTimes : []),
          '-map_metadata',
          '-1',
        ];
    if (encode) filters.push(`${GROUND_FILTER},format=yuvj420p`);
    // Pictures with the time of day are always past the end that ffmpeg reckons from zero, and each
    // would get a file of its own.
    const clock = encode ? ['-segment_atclocktime', '1'] : [];
    const muxing = [
      ...clock,
      '-avoid_negative_ts',
      'disabled',
      '-f',
      'segment',
      '-segment_time',
      String(segments.segmentSeconds),
      '-segment_format',
      segments.format,
      '-segment_format_options',
      MUXER_OPTIONS[segments.format],
    ];
    outputs.push({
      url: `file:${segments.pattern}`,
      options: [
        ...codec,
        ...muxing,
        '-segment_list',
        urls[pictures.length]!,
        '-segment_list_type',
        'csv',
      ],
    });
  }
  const graph = [
    `[0:V:0]${ladderFilter(untimed)},split=${filters.length}${filters.map((_, index) => `[in${index}]`).join('')}`,
    ...filters.map((filter, index) => `[in${index}]${filter}[out${index}]`),
  ].join(';');
  outputs[0]!.options.unshift('-filter_complex', graph);
  return outputs as unknown as FfmpegFile[];
}
