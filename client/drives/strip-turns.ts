/**
 * Pictures that are asked for at the same time: a browser has few connections to a server, and the
 * list itself needs one.
 */
const AT_ONCE = 3;
/** Those that came in one go, in their order. */
type Group = Set<() => void>;
const waiting: Group[] = [];
let newest: Group | null = null;
let loading = 0;

/**
 * Calls `begin` when it is a picture's turn. Of those that came together the first one goes first,
 * as a list is read; but who came later goes before them, because that is what was scrolled to. The
 * answer gives the turn back, or gives it up.
 */
export function stripTurn(begin: () => void): () => void {
  let state: 'waiting' | 'loading' | 'done' = 'waiting';
  const start = (): void => {
    state = 'loading';
    loading++;
    begin();
  };
  const end = (): void => {
    const wasLoading = state === 'loading';
    state = 'done';
    for (const group of waiting) group.delete(start);
    if (!wasLoading) return;
    loading--;
    next();
  };
  if (loading < AT_ONCE) start();
  else groupOfNow().add(start);
  return end;
}

function next(): void {
  for (let group = waiting.at(-1); group; group = waiting.at(-1)) {
    const [first] = group;
    if (first) {
      group.delete(first);
      return first();
    }
    waiting.pop();
    if (group === newest) newest = null;
  }
}

/** What is drawn at once asks before anything else gets its turn. */
function groupOfNow(): Group {
  if (newest) return newest;
  const group: Group = new Set();
  newest = group;
  waiting.push(group);
  queueMicrotask(() => {
    if (newest === group) newest = null;
  });
  return group;
}
