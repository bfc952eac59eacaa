import { RoadgazeError } from '../../../shared/errors.ts';
import type { FuzzTarget } from '../target.ts';

/** Inputs that do what no input may do, by their numbers. */
export function open(): FuzzTarget {
  let number = 0;
  return {
    make: (random) => Uint8Array.from([random.below(256), random.below(256)]),
    run(input) {
      const text = Buffer.from(input).toString();
      if (text === 'hang') for (;;);
      if (text === 'wait') return new Promise(() => {});
      if (text === 'grow') return String(Buffer.alloc(300 * 2 ** 20, 1).length);
      if (text === 'end') process.kill(process.pid, 'SIGSEGV');
      if (text.includes('bug')) throw new TypeError('a defect');
      if (text === 'late') {
        void Promise.reject(new TypeError('a late defect'));
        return Promise.resolve('late');
      }
      if (text === 'internal')
        throw new RoadgazeError('INTERNAL', 'It failed.', 'Please report this.');
      if (text === 'badly')
        throw new RoadgazeError('LOG_INVALID', 'The column undefined is wrong.', 'Correct it.');
      if (text === 'well')
        throw new RoadgazeError('LOG_INVALID', 'The column "t" is wrong.', 'Correct it.');
      return number++ < 1e9 ? String(input[0]! % 2) : '';
    },
  };
}
