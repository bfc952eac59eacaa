/**
 * One run of a job for all who ask while it waits to start. Who asks while it runs gets the next
 * run, which sees what has changed since; so no more than one runs at a time, however many ask.
 */
export function runTogether<Result>(job: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | null = null;
  let next: Promise<Result> | null = null;
  const start = (): Promise<Result> => {
    next = null;
    const run = job().finally(() => {
      if (running === run) running = null;
    });
    running = run;
    return run;
  };
  return () => {
    if (!running) return start();
    next ??= running.then(start, start);
    return next;
  };
}
