import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * A process of its own that asks the server of its port (first argument) for `/healthz` until it is
 * told to end: whoever plays sixty viewers is late itself. Sends the milliseconds of each answer
 * (-1: none came), and by how much a pause of 20 ms is late here, which is what the machine's load
 * alone does.
 */
export interface HealthTimes {
  readonly answers: readonly number[];
  readonly machine: readonly number[];
}

const port = Number(process.argv[2]);
const answers: number[] = [];
const machine: number[] = [];
let goesOn = true;
process.once('message', () => (goesOn = false));
while (goesOn) {
  const begin = performance.now();
  const isAnswered = await new Promise<boolean>((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/healthz', agent: false, timeout: 20_000 },
      (response) =>
        response
          .resume()
          .on('end', () => resolve(response.statusCode === 200))
          .on('error', () => resolve(false)),
    );
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });
  answers.push(isAnswered ? performance.now() - begin : -1);
  const resting = performance.now();
  await pause(20);
  machine.push(performance.now() - resting - 20);
  await pause(180);
}
process.send!({ answers, machine } satisfies HealthTimes);
process.disconnect();
