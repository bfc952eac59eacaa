import { Spawner } from '../../../server/resources/spawner.ts';

// A process that has programs started. Tells the ids of the spawner and of its programs; `short`: of
// one that ends by itself, of which it prints the end.
const spawner = new Spawner();
if (process.argv[2] === 'short') {
  process.disconnect();
  const program = await spawner.start('/bin/sh', ['-c', 'sleep 0.3; exit 7'], {
    pipes: ['stderr'],
  });
  program.stderr!.resume();
  void program.closed.then(({ code }) => console.log(`closed ${code}`));
} else {
  process.once('message', () => process.exit());
  const programs = [
    await spawner.start('/bin/sleep', ['600'], { pipes: ['stderr'] }),
    await spawner.start('/bin/sleep', ['600'], { pipes: [] }),
  ];
  process.send!([spawner.pid, ...programs.map(({ pid }) => pid)]);
}
