/**
 * Pictures that are asked for at the same time: a browser has few connections to a server, and the
 * list itself needs one.
 */
const AT_ONCE = 3;
const waiting: (() => void)[] = [];
let loading = 0;

/**
 * Calls `begin` when it is a picture's turn: who came last goes first, because that is on the
 * screen. The answer gives the turn back, or gives it up.
 */
export function stripTurn(begin: () => void): () => void {
  let state: 'waiting' | 'loading' | 'done' = 'waiting';
  const start = (): void => {
    state = 'loading';
    loading++;
    begin();
  };
  const end = (): void => {
    if (state === 'waiting') waiting.splice(waiting.indexOf(start), 1);
    if (state === 'loading') {
      loading--;
      waiting.pop()?.();
    }
    state = 'done';
  };
  if (loading < AT_ONCE) start();
  else waiting.push(start);
  return end;
}
