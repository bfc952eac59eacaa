import { SignalTrack } from '../../../server/live/signal-track.ts';
import { readSignalLine } from '../../../server/live/signal-line.ts';
import { Defect } from '../judge.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

/** Steering and speed of a vehicle, as datagrams bring them. */
export function open(): FuzzTarget {
  return {
    make(random) {
      const lines = Array.from({ length: 1 + random.below(6) }, (_, index) => {
        const line = {
          t: random.pick([index, index * 0.02, 1.7e9 + index, -index]),
          steering: random.range(-1, 1),
          speed: 13.9,
        };
        return random.chance(0.5) ? JSON.stringify(line) : mutateJson(line, random);
      });
      const text = lines.join('\n');
      return bytesOf(random.chance(0.3) ? mutateText(text, random, 2) : text);
    },
    run(input) {
      const track = new SignalTrack();
      const text = textOf(input);
      for (let arrival = 0; arrival < 3; arrival++) track.addText(text, 1.7e12 + arrival * 1000);
      const { received, rejected, offset } = track.counters;
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      if (received + rejected !== 3 * lines.length)
        throw new Defect('A line is neither taken nor counted as refused');
      if (offset !== null && !Number.isFinite(offset))
        throw new Defect('The clocks are apart by no number');
      for (const line of lines) {
        const t = readSignalLine(line)?.t;
        const seen = t === undefined ? null : track.asOf(t + (offset ?? 0));
        if (
          seen &&
          !(
            Number.isFinite(seen.time) &&
            [seen.steering, seen.speed].every((value) => value === null || Number.isFinite(value))
          )
        )
          throw new Defect('A signal that is no number');
      }
      return received > 0 ? 'taken' : 'refused';
    },
  };
}
