import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { View } from '../../recordings/scene/messages.ts';
import { Renderer, hasChromium, type Drawn } from '../../recordings/scene/renderer.ts';
import { roadRuns, sightings } from '../../recordings/scene/truth.ts';
import { decodeRuns } from '../../recordings/scene/run-lengths.ts';
import { World } from '../../recordings/scene/world/world.ts';

const view: View = {
  rect: [0, 0, 960, 540],
  width: 96,
  height: 54,
  oversampling: 1,
  ids: { width: 96, height: 54, oversampling: 1 },
};
const undisplaced = { shift: 0, turn: 0 };
const style = 'misleading';
const seconds = 10;

describe('rendered frames', { skip: hasChromium() ? false : 'no Chromium on this machine' }, () => {
  let renderer: Renderer;
  before(async () => {
    renderer = await Renderer.start();
  });
  after(() => renderer.close());

  const frames = async (seed: number, without: string[] = []): Promise<Drawn[]> => {
    renderer.enter({ seed, style, seconds, without }, view);
    const drawn: Drawn[] = [];
    for (const t of [0, 2, 4]) drawn.push(await renderer.draw(t, undisplaced, Math.round(t * 25)));
    return drawn;
  };
  const rgb = (drawn: Drawn[]) => Buffer.concat(drawn.map((each) => each.rgb));

  it('are the same bytes from the same seed, and others from another', async () => {
    const first = await frames(4);
    const other = await frames(5);
    const second = await frames(4);
    assert.ok(rgb(first).equals(rgb(second)));
    assert.ok(!rgb(first).equals(rgb(other)));
    assert.equal(first[0]!.rgb.length, 96 * 54 * 3);
  });

  it('keep everything else when boards are left out, and are the same bytes each time', async () => {
    const whole = await frames(4);
    const bare = await frames(4, ['cue']);
    assert.ok(rgb(bare).equals(rgb(await frames(4, ['cue']))));
    assert.ok(!rgb(bare).equals(rgb(whole)));
    const names = (drawn: Drawn, without: string[], t: number) =>
      sightings(new World({ seed: 4, style, seconds, without }), view, drawn, t).map(
        (each) => each.id,
      );
    let boards = 0;
    [0, 2, 4].forEach((t, index) => {
      const seen = names(whole[index]!, [], t);
      const left = names(bare[index]!, ['cue'], t);
      boards += seen.filter((id) => id.startsWith('cue')).length;
      assert.ok(!left.some((id) => id.startsWith('cue')));
      for (const id of seen)
        assert.ok(id.startsWith('cue') || left.includes(id), `${id} at ${t} s`);
    });
    assert.ok(boards > 0);
  });

  it("show the road below the horizon, with the car's own lane in front of the car", async () => {
    for (const drawn of await frames(4)) {
      const { road, lane } = roadRuns(view, drawn);
      const roadMask = decodeRuns(road, 96 * 54);
      const laneMask = decodeRuns(lane, 96 * 54);
      assert.ok(!roadMask.subarray(0, 96 * 20).includes(1));
      assert.equal(laneMask[44 * 96 + 48], 1);
      for (let i = 0; i < laneMask.length; i++) assert.ok(laneMask[i]! <= roadMask[i]!);
    }
  });
});
