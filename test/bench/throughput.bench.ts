import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RoadSpecification } from '../../server/attention/road-specification.ts';
import { analyzeRecording } from '../../server/pipeline/analysis.ts';
import { openStreamExplainer } from '../../server/pipeline/open-stream-explainer.ts';
import { decodeVideo } from '../../server/video/decoder.ts';
import { openVideo } from '../../server/drive/readers/video.ts';
import { findTools } from '../../server/video/tools.ts';
import { repositoryRoot, sharedFolder } from '../support/paths.ts';
import { interleaved, median, medianRatio, table } from './measure.ts';
import { steeringNetworks } from './networks.ts';

/**
 * Frames per second of a whole analysis (steering, VisualBackProp and on-road score of every frame)
 * ÷ those of `ffmpeg -i clip -f null -`, on a 720p H.264 clip of 60 s, all cores; median of
 * interleaved rounds. `decode` is decoding with crop and scale alone.
 */
const SECONDS = 60;
const ROUNDS = Number(process.env['ROADGAZE_BENCH_ROUNDS'] ?? 7);
const run = promisify(execFile);

const source = [
  join(repositoryRoot, 'recordings/drives/country-road.mp4'),
  join(sharedFolder ?? '', 'real/solidWhiteRight.mp4'),
]
  .filter((path) => existsSync(path))
  .at(-1)!;
const folder = mkdtempSync(join(tmpdir(), 'roadgaze-bench-'));
const clip = join(folder, 'clip.mp4');
const { ffmpeg } = await findTools();
await run(ffmpeg, [
  '-v',
  'error',
  '-stream_loop',
  '-1',
  '-i',
  source,
  '-an',
  '-t',
  String(SECONDS),
  '-vf',
  'scale=1280:720',
  '-c:v',
  'libx264',
  '-preset',
  'medium',
  '-crf',
  '23',
  clip,
]);

const polygon: RoadSpecification = {
  kind: 'polygon',
  points: [
    [0.05, 1],
    [0.45, 0.6],
    [0.55, 0.6],
    [0.95, 1],
  ],
};
const drive = await openVideo(clip);
const { video } = drive;
const { pts: expected } = await drive.index();
const rows: string[][] = [
  ['network', 'analysis ÷ ffmpeg', 'decode ÷ ffmpeg', 'analysis frames/s', 'ffmpeg frames/s'],
];
try {
  for (const { name, path } of steeringNetworks()) {
    const explainer = await openStreamExplainer({ modelPath: path, road: polygon, video });
    let frames = 0;
    const analyse = async () => {
      frames = 0;
      for await (const row of analyzeRecording({
        drive,
        explainer,
        expected,
        onEnd: () => {},
      }))
        if (Number.isFinite(row.steering)) frames++;
    };
    const decode = async () => {
      for await (const _ of decodeVideo({ path: clip, images: explainer.images }));
    };
    const ffmpegAlone = () =>
      run(ffmpeg, ['-v', 'error', '-nostdin', '-i', clip, '-an', '-f', 'null', '-']);
    const [alone, whole, decoding] = (await interleaved(ROUNDS, [
      ffmpegAlone,
      analyse,
      decode,
    ])) as [number[], number[], number[]];
    const rate = (times: readonly number[]) => ((frames / median(times)) * 1000).toFixed(0);
    rows.push([
      name,
      medianRatio(alone, whole).toFixed(2),
      medianRatio(alone, decoding).toFixed(2),
      rate(whole),
      rate(alone),
    ]);
    await explainer.close();
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(
  `Throughput, ${video.codec} ${video.width}×${video.height}, ${SECONDS} s, ${availableParallelism()} cores\n${table(rows)}`,
);
