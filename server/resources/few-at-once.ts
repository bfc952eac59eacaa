/** Does work for each of many things, at most so many at a time; results in the same order. */
export async function fewAtOnce<Thing, Result>(
  things: readonly Thing[],
  places: number,
  work: (thing: Thing, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(things.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < things.length; at = next++)
      results[at] = await work(things[at]!, at);
  };
  await Promise.all(Array.from({ length: Math.min(places, things.length) }, worker));
  return results;
}
