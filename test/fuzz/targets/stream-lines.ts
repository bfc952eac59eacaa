import { StreamLines } from '../../../server/live/stream-lines.ts';
import { Defect } from '../judge.ts';
import { mutateText } from '../mutate/text.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

const LOG = [
  "[info] Input #0, mpegts, from 'udp://127.0.0.1:5004':",
  '[info]   Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(tv, bt709, progressive), 960x540 [SAR 1:1 DAR 16:9], 25 fps, 25 tbr, 90k tbn',
  '[info]   Stream #0:1[0x101]: Audio: aac (LC), 48000 Hz, stereo, fltp, 128 kb/s',
  '[verbose] [graph 0 input from stream 0:0 @ 0x55] w:960 h:540 pixfmt:yuv420p tb:1/90000 fr:25/1 sar:1/1',
  "[verbose] [segment @ 0x56] segment:'ring-1.ts' starts with packet stream:0 pts:132480 pts_time:1.472 frame:0",
];

/** What ffmpeg says of a stream while it runs. */
export function open(): FuzzTarget {
  return {
    make: (random) => bytesOf(mutateText(LOG.join('\n'), random)),
    run(input) {
      let outcome = 'nothing';
      const numbers: (number | null)[] = [];
      const lines = new StreamLines({
        opened: () => {
          outcome = 'opened';
        },
        pictures: ({ width, height, framesPerSecond }) => {
          outcome = 'pictures';
          numbers.push(width, height, framesPerSecond);
        },
        segment: (ticks) => {
          outcome = 'segment';
          numbers.push(ticks);
        },
      });
      for (const line of textOf(input).split('\n')) lines.add(line);
      if (numbers.some((value) => value !== null && !Number.isFinite(value)))
        throw new Defect('A size, rate or time that is no number');
      return outcome;
    },
  };
}
