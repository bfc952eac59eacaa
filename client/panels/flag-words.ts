import type { Flag } from '../../shared/protocol/control-messages.ts';

const WORDS: Readonly<Record<Flag['kind'], string>> = { 'off-road': 'attention off the road' };

/** What a flag means, in words. */
export function flagWords({ kind }: Flag): string {
  return WORDS[kind];
}

/** The flag whose worst frame comes next (direction 1) or came before (−1). */
export function neighbourFlag(flags: readonly Flag[], frame: number, direction: 1 | -1): Flag | undefined {
  const ordered = [...flags].sort((a, b) => a.worstFrame - b.worstFrame);
  return direction === 1 ? ordered.find(({ worstFrame }) => worstFrame > frame) : ordered.findLast(({ worstFrame }) => worstFrame < frame);
}

/** Frame with the lowest on-road share of the whole drive; undefined before anything is analysed. */
export function worstFrame(onRoad: Float32Array): number | undefined {
  let worst: number | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (let frame = 0; frame < onRoad.length; frame += 1) {
    const share = onRoad[frame] as number;
    if (share < lowest) {
      lowest = share;
      worst = frame;
    }
  }
  return worst;
}
