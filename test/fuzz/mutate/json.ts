import type { Random } from '../../../recordings/scene/world/random.ts';
import { mutateText, NUMBERS } from './text.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const STRANGERS: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  4294967295,
  '',
  ' ',
  'x',
  '\0',
  '\u202e',
  '__proto__',
  'x'.repeat(600),
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  Array.from({ length: 70 }, () => 0.5),
];
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'length',
  '',
  'type',
  'x'.repeat(300),
  '0',
  '\u202e',
];

/**
 * JSON text of the value with one to four of its parts changed; now and then text that is not quite
 * JSON.
 */
export function mutateJson(value: unknown, random: Random): string {
  const root = { value: structuredClone(value) as Json };
  for (let count = 1 + random.below(4); count > 0; count--) change(root, random);
  let text = JSON.stringify(root.value) ?? '';
  // What JSON can say and JavaScript cannot make.
  if (random.chance(0.15)) text = text.replace(/-?\d[\d.e+-]*/, () => random.pick(NUMBERS));
  if (random.chance(0.02)) text = text.replace(/[\d"]/, (sign) => '['.repeat(3000) + sign);
  return random.chance(0.1) ? mutateText(text, random, 2) : text;
}

function change(root: { value: Json }, random: Random): void {
  const places: { holder: Record<string, Json> | Json[]; key: string | number }[] = [];
  const collect = (holder: Record<string, Json> | Json[]) => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const inner = (holder as Record<string, Json>)[key];
      if (typeof inner === 'object' && inner !== null) collect(inner);
    }
  };
  collect(root);
  const { holder, key } = random.pick(places);
  const map = holder as Record<string, Json>;
  const old = map[key]!;
  switch (random.below(7)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (holder !== (root as unknown)) delete map[key];
      return;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(old));
      else if (holder !== (root as unknown)) map[random.pick(NAMES)] = structuredClone(old);
      return;
    case 2:
      map[key] = structuredClone(
        random.pick(
          places.map((place) => (place.holder as Record<string, Json>)[place.key] ?? null),
        ),
      );
      return;
    case 3:
      map[key] = [old];
      return;
    case 4:
      map[key] =
        typeof old === 'number'
          ? random.pick([-old, old + 1, old - 1, old * 1e6, old / 3, Math.round(old)])
          : typeof old === 'string'
            ? mutateText(old, random, 1)
            : structuredClone(random.pick(STRANGERS));
      return;
    default:
      map[key] = structuredClone(random.pick(STRANGERS));
  }
}
