import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PictureCoverer } from '../../server/covers/covered-pictures.ts';
import { placeControl } from '../../server/covers/control-cover.ts';
import { LookedAtThings, type LookedAt } from '../../server/covers/looked-at-things.ts';
import { fillRows } from '../../server/covers/row-fill.ts';
import { pullOf } from '../../server/pipeline/pull.ts';
import { RecentPulls, withPullMeans } from '../../server/pipeline/pull-means.ts';
import { collect } from '../support/collect.ts';
import { randomNumbers } from '../support/network.ts';

const [WIDTH, HEIGHT] = [60, 32];
const SIZE = { width: WIDTH, height: HEIGHT };
const AREA = WIDTH * HEIGHT;

type Point = readonly [x: number, y: number];
const points = Array.from({ length: AREA }, (_, at): Point => [at % WIDTH, Math.floor(at / WIDTH)]);
const at = ([x, y]: Point) => y * WIDTH + x;
const near = ([x, y]: Point, [u, v]: Point, reach: number) =>
  Math.max(Math.abs(x - u), Math.abs(y - v)) <= reach;

/** A mottled field with a road below, signs of two colours, and a mask that lies on one of them. */
function scene(seed: number, isGray: boolean): LookedAt {
  const random = randomNumbers(seed);
  const planes = [0, 1, 2].map((plane) =>
    Uint8Array.from({ length: AREA }, () => (plane === 0 ? random(60, 110) : random(118, 130))),
  );
  const paint = ([left, top]: Point, [wide, high]: Point, color: readonly number[]) =>
    points.forEach(([x, y], pixel) => {
      if (x < left || x >= left + wide || y < top || y >= top + high) return;
      planes.forEach((plane, index) => {
        plane[pixel] = color[index]! + random(0, 4);
      });
    });
  const looked: Point = [Math.floor(random(6, 40)), Math.floor(random(3, 12))];
  paint(looked, [9, 5], [170, 110, 200]);
  paint([looked[0] + 3, looked[1] + 1], [2, 3], [230, 128, 128]);
  paint([(looked[0] + 25) % 50, 4], [6, 4], [170, 110, 200]);
  paint([(looked[0] + 14) % 50, 14], [5, 5], [40, 160, 100]);
  const mask = Uint8Array.from(points, ([x, y]) =>
    Math.min(
      255,
      255 * Math.exp(-(((x - looked[0] - 4) / 3) ** 2 + ((y - looked[1] - 2) / 2) ** 2)) +
        random(0, 5),
    ),
  );
  return {
    luma: planes[0]!,
    blue: isGray ? null : planes[1]!,
    red: isGray ? null : planes[2]!,
    mask,
    road: Uint8Array.from(points, ([x, y]) => (y > 22 && Math.abs(x - 30) < y ? 255 : 0)),
  };
}

/** What `LookedAtThings` finds, as it is written down: slow, and all in sets of pixels. */
function slowThings({ luma, blue, red, mask, road }: LookedAt): Set<number> {
  const length = Math.sqrt(AREA / 13_200);
  const isOff = (pixel: number) => !road?.[pixel];
  const off = points.map((_, pixel) => pixel).filter(isOff);
  const mean = mask.reduce((sum, value) => sum + value, 0) / AREA;
  const smooth = new Map(
    off.map((pixel) => [
      pixel,
      off
        .filter((other) => near(points[pixel]!, points[other]!, 1))
        .reduce((sum, other) => sum + mask[other]!, 0) / 9,
    ]),
  );
  const highest = Math.max(...smooth.values());
  const found = new Set<number>();
  if (highest < 20.4) return found;
  const color = (pixel: number) =>
    blue && red
      ? [luma[pixel]! >> 4, blue[pixel]! >> 3, red[pixel]! >> 3]
      : [2 * (luma[pixel]! >> 2), 0, 0];
  const colors = points.map((_, pixel) => color(pixel));
  const likeness = (one: number, other: number) => {
    const [y, u, v] = colors[one]!.map((value, index) => Math.abs(value - colors[other]![index]!));
    return Math.max(0, 1 - (0.5 * y! + u! + v!) / 3);
  };
  const share = (pixel: number, of: readonly number[]) =>
    of.reduce((sum, other) => sum + likeness(pixel, other), 0) / of.length;
  const groups = (pixels: ReadonlySet<number>): number[][] => {
    const left = new Set(pixels);
    return [...pixels].flatMap((first) => {
      if (!left.delete(first)) return [];
      const group = [first];
      for (const pixel of group)
        for (const other of [...left])
          if (near(points[pixel]!, points[other]!, 1) && left.delete(other)) group.push(other);
      return [group];
    });
  };
  /** A slice of a convex hull ends where one of the segments between two points crosses it. */
  const hull = (group: readonly number[]): number[] => {
    const inside = (y: number) =>
      group.flatMap((one) =>
        group.flatMap((other) => {
          const [[x, from], [u, to]] = [points[one]!, points[other]!];
          if (y < Math.min(from, to) || y > Math.max(from, to)) return [];
          return from === to ? [x, u] : [x + ((u - x) * (y - from)) / (to - from)];
        }),
      );
    const rows = [...new Set(group.map((pixel) => points[pixel]![1]))];
    return rows.flatMap((y) => {
      const ends = inside(y);
      const [least, most] = [Math.min(...ends), Math.max(...ends)];
      return points.flatMap(([x, row], pixel) =>
        row === y && x >= least - 1e-9 && x <= most + 1e-9 ? [pixel] : [],
      );
    });
  };
  const add = (group: readonly number[], density: number, widening: number): void => {
    if (group.length > 900 * length ** 2) return;
    const reach = Math.round(widening * length);
    const shape = hull(group);
    const wide = off.filter((pixel) =>
      shape.some((other) => near(points[pixel]!, points[other]!, reach)),
    );
    if (wide.reduce((sum, pixel) => sum + mask[pixel]!, 0) >= density * mean * wide.length)
      wide.forEach((pixel) => found.add(pixel));
  };
  for (const place of groups(
    new Set(off.filter((pixel) => smooth.get(pixel)! >= Math.max(0.25 * highest, 15.3))),
  )) {
    const [xs, ys] = [0, 1].map((axis) => place.map((pixel) => points[pixel]![axis]!));
    const box = [Math.min(...xs!), Math.max(...xs!), Math.min(...ys!), Math.max(...ys!)] as const;
    const within = (pixel: number, across: number, down: number) => {
      const [x, y] = points[pixel]!;
      return (
        x >= box[0] - across && x <= box[1] + across && y >= box[2] - down && y <= box[3] + down
      );
    };
    const least = Math.round(4 * length);
    const window = off.filter((pixel) =>
      within(pixel, Math.max(least, box[1] - box[0] + 1), Math.max(least, box[3] - box[2] + 1)),
    );
    const around = window.filter((pixel) => !place.includes(pixel) && !within(pixel, 1, 1));
    const alike = window.filter((pixel) => share(pixel, place) > share(pixel, around));
    for (const group of groups(new Set(alike))) {
      const inside = group.filter((pixel) => place.includes(pixel)).length;
      if (inside >= 3 && inside >= 0.25 * group.length) add(group, 5, 2);
    }
  }
  if (found.size === 0) return found;
  const [ours, others] = [[...found], off.filter((pixel) => !found.has(pixel))];
  const alike = others.filter((pixel) => share(pixel, ours) > 2 * share(pixel, others));
  for (const group of groups(new Set(alike)))
    if (group.length >= 6 * length ** 2) add(group, 0.3, 1);
  return found;
}

const covered = (cover: Uint8Array) =>
  [...cover].flatMap((inside, pixel) => (inside ? [pixel] : []));

describe('things that are looked at off the road', () => {
  it('are what a slow version finds, in colour and in grey, with memory that is used again', () => {
    const things = new LookedAtThings(SIZE);
    let some = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const picture = scene(seed, seed % 3 === 0);
      const expected = [...slowThings(picture)].sort((a, b) => a - b);
      assert.equal(things.find(picture), expected.length > 0);
      assert.deepEqual(covered(things.cover), expected, `scene ${seed}`);
      some += Number(expected.length > 0);
    }
    assert.ok(some >= 4, 'the scenes have things');
  });

  it('are whole, with what looks like them and is looked at a little, and without the road', () => {
    const picture = scene(2, false);
    const things = new LookedAtThings(SIZE);
    assert.ok(things.find(picture));
    const isSign = (pixel: number) => picture.red![pixel]! >= 195 && !picture.road![pixel];
    const signs = points.map((_, pixel) => pixel).filter(isSign);
    assert.ok(
      signs.every((pixel) => things.cover[pixel]),
      'both signs of that colour',
    );
    assert.ok(covered(things.cover).every((pixel) => !picture.road![pixel]));
    assert.ok(covered(things.cover).length < 3 * signs.length);
    const without = { ...picture, mask: picture.mask.map((value) => Math.min(value, 19)) };
    assert.equal(things.find(without), false, 'a faint mask');
    assert.equal(things.find({ ...picture, road: new Uint8Array(AREA).fill(255) }), false);
    const spread = { ...picture, mask: picture.mask.map((value) => Math.max(value, 120)) };
    assert.equal(things.find(spread), false, 'a mask that is dense nowhere');
  });
});

describe('a control cover', () => {
  it('has the same shapes where the mask is least, moved or mirrored', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const { mask, road } = scene(seed, false);
      const cover = new Uint8Array(AREA);
      const middle = 8 + 10 * seed;
      for (const point of points)
        if (
          Math.abs(point[0] - middle) + Math.abs(point[1] - 10) < 5 ||
          (point[1] === 6 && point[0] < 4)
        )
          cover[at(point)] = 1;
      const inside = covered(cover);
      let best: { cost: number; pixels: number[] } | null = null;
      for (const mirrored of [false, true])
        for (let by = 1 - WIDTH; by < WIDTH; by++) {
          const pixels = inside.flatMap((pixel) => {
            const [x, y] = points[pixel]!;
            const to = (mirrored ? WIDTH - 1 - x : x) + by;
            const place = at([to, y]);
            return to < 0 || to >= WIDTH || cover[place] || road![place] ? [] : [place];
          });
          const mass = pixels.reduce((sum, pixel) => sum + mask[pixel]!, 0);
          const cost = mass / pixels.length + 20 * (1 - pixels.length / inside.length);
          if (pixels.length >= inside.length / 2 && (!best || cost < best.cost))
            best = { cost, pixels };
        }
      const control = new Uint8Array(AREA);
      assert.equal(placeControl({ ...SIZE, cover, mask, road }, control), best !== null);
      assert.deepEqual(
        covered(control),
        [...best!.pixels].sort((a, b) => a - b),
      );
    }
  });

  it('is none where it fits nowhere', () => {
    const cover = new Uint8Array(AREA).fill(1, 0, AREA - 3 * WIDTH);
    const control = new Uint8Array(AREA).fill(1);
    const request = { ...SIZE, cover, mask: new Uint8Array(AREA), road: null };
    assert.equal(placeControl(request, control), false);
    assert.deepEqual(covered(control), []);
  });
});

describe('a filled picture', () => {
  it('goes evenly from left to right of each gap, on from the one neighbour at a border, and stays where a row has none', () => {
    const cover = Uint8Array.from([0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    const plane = Uint8Array.from([10, 9, 9, 9, 50, 9, 9, 70, 8, 6, 4, 99, 1, 2, 3, 4]);
    fillRows(plane, cover, { width: 8, height: 2 });
    assert.deepEqual([...plane], [10, 20, 30, 40, 50, 57, 63, 70, 8, 6, 4, 4, 4, 4, 4, 4]);
    const whole = Uint8Array.of(1, 2, 3);
    fillRows(whole, Uint8Array.of(1, 1, 1), { width: 3, height: 1 });
    assert.deepEqual([...whole], [1, 2, 3]);
  });

  it('loses the same place in all planes and frames, by the mask of the frame that is shown', () => {
    const { luma, blue, red, mask, road } = scene(2, false);
    const things = new LookedAtThings(SIZE);
    things.find({ luma, blue, red, mask, road });
    const { cover } = things;
    const fine = (plane: Uint8Array) =>
      Uint8Array.from(
        { length: 4 * AREA },
        (_, pixel) =>
          plane[at([Math.floor((pixel % (2 * WIDTH)) / 2), Math.floor(pixel / (4 * WIDTH))])]!,
      );
    const gone = (plane: Uint8Array, fineness = 1) => {
      const result = plane.slice();
      fillRows(result, cover, SIZE, fineness);
      return result;
    };
    const other = luma.map((value) => 255 - value);
    const coded = { ...SIZE, signed: false };
    const join = (...planes: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(planes));
    const three = new PictureCoverer({ ...coded, pixelFormat: 'yuv444p', shown: 1 });
    const stack = join(other, blue!, red!, luma, blue!, red!);
    const before = stack.slice();
    const picture = three.cover(stack, mask, road)!;
    assert.deepEqual(stack, before);
    assert.deepEqual(
      picture.without,
      join(...[other, blue!, red!, luma, blue!, red!].map((plane) => gone(plane))),
    );
    assert.notDeepEqual(picture.control, picture.without);
    const six = new PictureCoverer({ ...coded, pixelFormat: 'yuv420p', shown: 0 });
    assert.deepEqual(
      six.cover(join(fine(luma), blue!, red!), mask, road)!.without,
      join(gone(fine(luma), 2), gone(blue!), gone(red!)),
    );
    const signed = new PictureCoverer({ ...SIZE, signed: true, pixelFormat: 'yuv444p', shown: 1 });
    const halved = mask.map((value, pixel) => 128 + (pixel % 2 ? 1 : -1) * Math.floor(value / 2));
    assert.deepEqual(signed.cover(stack, halved, road)!.without, picture.without);
    assert.equal(three.cover(stack, new Uint8Array(AREA), road), null);
  });
});

describe('a pull', () => {
  it('is the size of the change beyond that of the control, in the unit that is shown', () => {
    const of = (...answers: number[]) => Float32Array.from(answers);
    assert.equal(pullOf(1, of(0.25, 1.25), -2), 1);
    assert.equal(pullOf(1, of(1.75, 0.5), 2), 0.5);
    assert.equal(pullOf(1, of(1.25, 0.5), 2), 0);
    assert.equal(pullOf(-1, of(1), 2), 4);
    assert.equal(pullOf(1, of(), 2), 0);
    for (const [answer, answers] of [
      [NaN, of()],
      [NaN, of(1, 1)],
      [1, of(NaN, 1)],
      [1, of(2, Infinity)],
    ] as const)
      assert.equal(pullOf(answer, answers, 1), null);
  });

  const rows = (pulls: readonly (number | null)[], fps: number) =>
    pulls.map((pull, frame) => ({ pts: frame / fps, pull, frame }));
  const stream = async function* <Row>(list: readonly Row[]) {
    yield* list;
  };

  it('is the mean of 0.2 s on both sides; what is not known stays so and counts for no other', async () => {
    const given = rows([0, 12, 0, null, 0, 6, 0], 10);
    const means = await collect(withPullMeans(stream(given)));
    assert.deepEqual(
      means.map(({ pull, frame }) => [frame, pull]),
      [4, 4, 3, null, 1.5, 2, 2].map((pull, frame) => [frame, pull]),
    );
    const far = rows([1, 5, 9], 4);
    assert.deepEqual(await collect(withPullMeans(stream(far))), far);
    assert.deepEqual(await collect(withPullMeans(stream([]))), []);
  });

  it('of a feed is the mean of the last 0.4 s', () => {
    const recent = new RecentPulls();
    assert.deepEqual(
      rows([6, 0, null, 3, 3, 0, 0], 10).map((row) => recent.mean(row)),
      [6, 3, null, 3, 3, 1.5, 1.5],
    );
  });
});
