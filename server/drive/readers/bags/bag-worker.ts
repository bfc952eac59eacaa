import { parentPort, workerData } from 'node:worker_threads';
import { RoadgazeError, type ErrorReport } from '../../../../shared/errors.ts';
import { BagSession } from './bag-session.ts';
import { inWords } from './store/damage-notes.ts';

export interface BagQuestion {
  readonly id: number;
  readonly name: 'contents' | 'outline' | 'index' | 'picture' | 'signals' | 'notes';
  readonly args: readonly unknown[];
}

export interface BagAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly fault?: BagFailure;
}

/** Why there is no answer: a report, or a clause. */
export type BagFailure = ErrorReport | string;

export interface BagThreadData {
  /** Of a file or folder. */
  readonly path: string;
  /** An empty folder of our own. */
  readonly scratch: string;
}

const { path, scratch } = workerData as BagThreadData;
const opening = BagSession.open(path, scratch);
// Every question is answered with it.
opening.catch(() => null);

parentPort?.on('message', (question: BagQuestion) => {
  answer(question).then(
    (value) =>
      parentPort?.postMessage(
        { id: question.id, value } satisfies BagAnswer,
        value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [],
      ),
    (error: unknown) =>
      parentPort?.postMessage({
        id: question.id,
        fault: error instanceof RoadgazeError ? error.report() : inWords(error),
      } satisfies BagAnswer),
  );
});

async function answer({ name, args }: BagQuestion): Promise<unknown> {
  const session = await opening;
  const [key, isBrief, number] = args as [string, boolean, number];
  switch (name) {
    case 'contents':
      return session.contents();
    case 'outline':
      return session.outline();
    case 'index':
      return session.index(key, isBrief);
    case 'picture':
      return session.picture(key, isBrief, number);
    case 'signals':
      return session.signals(key);
    case 'notes':
      return session.notes();
  }
}
