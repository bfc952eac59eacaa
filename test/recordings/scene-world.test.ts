import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawSamples } from '../../recordings/scene/dataset.ts';
import { Random } from '../../recordings/scene/world/random.ts';
import { steeringFromCurvature } from '../../recordings/scene/world/driver.ts';
import { styles, type Style } from '../../recordings/scene/world/plan.ts';
import { World } from '../../recordings/scene/world/world.ts';

const seconds = 12;

describe("the scene generator's chance", () => {
  it('gives the same numbers for the same seed and name, and others for another', () => {
    const take = (seed: number, name: string) => {
      const random = new Random(seed, name);
      return Array.from({ length: 8 }, () => random.next());
    };
    assert.deepEqual(take(7, 'trees'), take(7, 'trees'));
    assert.notDeepEqual(take(7, 'trees'), take(8, 'trees'));
    assert.notDeepEqual(take(7, 'trees'), take(7, 'cars'));
  });

  it('is spread evenly over 0 to 1', () => {
    const random = new Random(3, 'spread');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[random.below(10)]!++;
    for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `${count} of about 1000`);
  });
});

describe('a world', () => {
  for (const style of styles) {
    it(`is the same from the same seed in style ${style}`, () => {
      const [a, b] = [0, 1].map(() => new World({ seed: 5, style, seconds, without: [] })) as [
        World,
        World,
      ];
      assert.deepEqual(a.standing, b.standing);
      assert.deepEqual(a.vehicles, b.vehicles);
      assert.deepEqual(a.light, b.light);
      for (const t of [0, 3.3, 11]) assert.deepEqual(a.pose(t), b.pose(t));
    });
  }

  it('loses only what is left out', () => {
    const whole = new World({ seed: 11, style: 'misleading', seconds, without: [] });
    for (const left of ['cue', 'tree', 'tree-3']) {
      const part = new World({ seed: 11, style: 'misleading', seconds, without: [left] });
      assert.deepEqual(
        part.standing,
        whole.standing.filter((each) => each.kind !== left && each.id !== left),
      );
      assert.ok(part.standing.length < whole.standing.length);
      assert.deepEqual(part.vehicles, whole.vehicles);
      assert.deepEqual(part.pose(4), whole.pose(4));
      assert.deepEqual(drawSamples(part, samples), drawSamples(whole, samples));
    }
    const bare = new World({ seed: 11, style: 'misleading', seconds, without: ['marking'] });
    assert.equal(bare.section.lines.length, 0);
    assert.deepEqual(bare.standing, whole.standing);
  });

  it('has boards or bales on the side to which the road turns in shortcut styles, and not so in misleading ones', () => {
    const share = (style: Style, kind: string) => {
      let agree = 0;
      let all = 0;
      for (let seed = 1; seed <= 10; seed++) {
        const world = new World({ seed, style, seconds: 40, without: [] });
        for (const cue of world.standing.filter((each) => each.kind === kind)) {
          const curvature = world.alignment.at(cue.s).curvature;
          if (Math.abs(curvature) < 0.004) continue;
          all++;
          if ((cue.side === 'left') === curvature > 0) agree++;
        }
      }
      return agree / all;
    };
    for (const [kind, ending] of [
      ['cue', ''],
      ['bale', '-bales'],
    ] as const) {
      assert.equal(share(`shortcut${ending}`, kind), 1);
      assert.ok(share(`misleading${ending}`, kind) < 0.1);
    }
  });

  it('is the same with bales as with boards, but for these', () => {
    const [boards, bales] = (['misleading', 'misleading-bales'] as const).map(
      (style) => new World({ seed: 11, style, seconds, without: [] }),
    ) as [World, World];
    const others = ({ standing }: World) =>
      standing.filter(({ kind }) => kind !== 'cue' && kind !== 'bale');
    const places = ({ standing }: World, kind: string) =>
      standing.filter((each) => each.kind === kind).map(({ s, side }) => ({ s, side }));
    assert.deepEqual(bales.light, boards.light);
    assert.deepEqual(bales.pose(4), boards.pose(4));
    assert.ok(places(bales, 'bale').length > 0);
    assert.deepEqual(places(bales, 'bale'), places(boards, 'cue'));
    assert.deepEqual([places(bales, 'cue'), places(boards, 'bale')], [[], []]);
    assert.deepEqual(
      others(bales).filter(({ kind }) => kind !== 'tree' && kind !== 'bush'),
      others(boards).filter(({ kind }) => kind !== 'tree' && kind !== 'bush'),
    );
  });
});

const samples = { samplesPerSeed: 6, maxShift: 1, maxTurn: 5 };

describe('the driver', () => {
  it('stays near the middle of its lane', () => {
    for (const style of ['country', 'city', 'motorway'] as const) {
      const world = new World({ seed: 21, style, seconds: 30, without: [] });
      for (let t = 0; t < 30; t += 0.5) {
        const car = world.car(t);
        const lane = world.section.lanes[car.lane]!;
        if (car.changingLane) continue;
        assert.ok(
          Math.abs(car.d - (lane.left + lane.right) / 2) < 0.6,
          `${style} at ${t} s: ${car.d}`,
        );
      }
    }
  });

  it('applies the curvature that turns the car', () => {
    const world = new World({ seed: 21, style: 'country', seconds: 30, without: [] });
    for (let t = 1; t < 29; t += 0.5) {
      const before = world.car(t - 0.1);
      const after = world.car(t + 0.1);
      const turned = (after.heading - before.heading) / (0.2 * world.car(t).speed);
      assert.ok(Math.abs(turned - world.car(t).curvature) < 0.003, `at ${t} s`);
    }
  });

  it('steers back from a displaced camera, and as driven from an undisplaced one', () => {
    const world = new World({ seed: 21, style: 'country', seconds: 30, without: [] });
    const driven = world.car(8).curvature;
    const corrected = (shift: number, turn: number) => world.correctedCurvature(8, { shift, turn });
    assert.ok(Math.abs(corrected(0, 0) - driven) < 2e-4);
    assert.ok(corrected(1, 0) < driven && corrected(-1, 0) > driven);
    assert.ok(corrected(0, 5) < driven && corrected(0, -5) > driven);
  });

  it('is sampled for training at times apart, never on the way to another lane', () => {
    const world = new World({ seed: 22, style: 'motorway', seconds: 36, without: [] });
    const times = drawSamples(world, samples).map((each) => each.t);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    for (const t of times) assert.ok(!world.car(t).changingLane);
  });

  it('turns the wheel left for a left curve', () => {
    assert.ok(Math.abs(steeringFromCurvature(0.01) - Math.atan(0.027) * 15) < 1e-12);
  });
});
