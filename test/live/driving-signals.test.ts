import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { readSignalLine } from '../../server/live/signal-line.ts';
import { openSignalSocket } from '../../server/live/signal-socket.ts';
import { SignalTrack } from '../../server/live/signal-track.ts';

describe('driving signals', () => {
  it('are JSON lines with a time and at least one value', () => {
    assert.deepEqual(readSignalLine('{"t": 1.5, "steering": -0.25, "speed": 12}'), {
      t: 1.5,
      steering: -0.25,
      speed: 12,
    });
    assert.deepEqual(readSignalLine('{"t":1,"speed":3,"Gear":2,"name":"x","braking":true}'), {
      t: 1,
      steering: null,
      speed: 3,
      values: { gear: 2, braking: 1 },
    });
    for (const line of [
      '',
      'x',
      '{}',
      '{"t":1}',
      '{"steering":1}',
      '{"t":"1","steering":1}',
      '{"t":1,"steering":"a"}',
      '[1,2]',
      'null',
      '{"t":1e999,"steering":1}',
      '{"t":NaN,"steering":1}',
      '{"t":1e300,"steering":1}',
      '{"t":1764541430000,"steering":1}',
      '{"t":1,"speed":-1e12}',
      '{"t":1,"command":1e12}',
      '{"t":1,"command":"a"}',
      '{"t":1,"steering":1',
      `{"t":1,"steering":1,"x":"${'y'.repeat(2000)}"}`,
    ]) {
      assert.equal(readSignalLine(line), null, line);
    }
  });

  it('are aligned by the message that was delayed least, also those that came before it', () => {
    const track = new SignalTrack();
    // The sender's clock is 100 s behind; delays of 300, 200 and 20 ms.
    track.add({ t: 0, steering: 1, speed: null }, 100_300);
    track.add({ t: 1, steering: 2, speed: null }, 101_200);
    track.add({ t: 2, steering: 3, speed: null }, 102_020);
    assert.ok(Math.abs(track.counters.offset! - 100.02) < 1e-9);
    assert.equal(track.asOf(101.0)?.steering, 1);
    assert.equal(track.asOf(101.03)?.steering, 2);
    assert.equal(track.asOf(102.5)?.steering, 3);
  });

  it('tell further values by name, also in lines of their own, without hiding what was driven', () => {
    const track = new SignalTrack();
    track.addText('{"t":10,"steering":1,"command":2}\n{"t":10.2,"imu":5}', 10_200);
    track.addText('{"t":10.4,"command":3}', 10_400);
    assert.equal(track.asOf(10.5)?.steering, 1);
    assert.deepEqual(
      [10, 10.3, 10.5, 11.4, 11.5].map((time) => track.valueAt(time, 'command')),
      [2, 2, 3, 3, null],
    );
    assert.equal(track.valueAt(10.5, 'imu'), 5);
    assert.equal(track.valueAt(10.5, 'gear'), null);
  });

  it('say nothing about pictures before the first, or more than a second after one', () => {
    const track = new SignalTrack();
    assert.equal(track.asOf(5), null);
    track.add({ t: 10, steering: 1, speed: 2 }, 10_000);
    assert.equal(track.asOf(9.9), null);
    assert.equal(track.asOf(10.9)?.speed, 2);
    assert.equal(track.asOf(11.1), null);
  });

  it('may overtake each other on the way', () => {
    const track = new SignalTrack();
    for (const t of [1, 3, 2, 2.5]) track.add({ t, steering: t, speed: null }, t * 1000);
    assert.deepEqual(
      [2.1, 2.6, 3.1].map((time) => track.asOf(time)?.steering),
      [2, 2.5, 3],
    );
  });

  it("begin anew when the sender's clock is set", () => {
    const track = new SignalTrack();
    for (let n = 0; n < 5; n++)
      track.add({ t: 5000 + n, steering: 1, speed: null }, 100_000 + n * 1000);
    track.add({ t: 3, steering: 9, speed: null }, 105_000);
    assert.equal(track.asOf(105)?.steering, 9);
    assert.equal(track.asOf(104), null);
  });

  it('are kept for a bounded time', () => {
    const track = new SignalTrack(10);
    for (let n = 0; n < 100; n++) track.add({ t: n, steering: n, speed: null }, n * 1000);
    assert.equal(track.asOf(50), null);
    assert.equal(track.asOf(95)?.steering, 95);
  });

  it('are put in order with few comparisons each, in whatever order they come, and no more than 100 000 are kept', () => {
    const count = 150_000;
    const span = 500;
    const orders: Record<string, (n: number) => number> = {
      falling: (n) => count - n,
      rising: (n) => n,
      'from both ends': (n) => (n % 2 ? count - n : n),
      'all over': (n) => (n * 69_997) % count,
      'the same time': () => 7,
    };
    for (const [name, order] of Object.entries(orders)) {
      const track = new SignalTrack();
      let reads = 0;
      for (let n = 0; n < count; n++) {
        const t = (order(n) * span) / count;
        track.add(
          {
            get t() {
              return (reads++, t);
            },
            steering: t,
            speed: null,
          },
          t * 1000,
        );
      }
      assert.ok(reads < 80 * count, `${name}: ${reads / count} for each`);
      for (const at of [0.9, 0.99, 0.9999].map((part) => part * span)) {
        if (name !== 'the same time')
          assert.ok(Math.abs(track.asOf(at)!.time - at) <= (2 * span) / count, `${name} at ${at}`);
      }
      if (name !== 'the same time') assert.equal(track.asOf(1), null, `${name}: the oldest`);
    }
  });

  it('are not lost by one wrong time, nor mixed with those of another clock', () => {
    const track = new SignalTrack();
    const send = (t: number, steering: number, arrival: number) =>
      track.add({ t, steering, speed: null }, arrival * 1000);
    for (let n = 0; n < 10; n++) send(n, n, 1000 + n);
    send(9e10, 99, 1010);
    send(11, 11, 1011);
    assert.deepEqual(
      [1005, 1009, 1011].map((time) => track.asOf(time)?.steering),
      [5, 9, 11],
    );
    for (const time of [1000, 1010.5]) assert.notEqual(track.asOf(time)?.steering, 99);
  });

  it('are not read as fast as anybody sends: what is too much is counted, and later ones are read again', () => {
    const track = new SignalTrack();
    const flood = '\n'.repeat(30_000) + '{"t":1,"steering":1}';
    for (let n = 0; n < 100; n++) track.addText(flood, 1000);
    assert.equal(track.counters.received, 0);
    assert.equal(track.counters.rejected, 100);
    track.addText('{"t":2,"steering":0.5}\r\n{"t":2,"steering":0.5}', 2000);
    assert.deepEqual(track.asOf(2)?.steering, 0.5);
  });

  it('come by UDP, and lines that cannot be read are counted', async (t) => {
    const track = new SignalTrack();
    const socket = await openSignalSocket(track, { port: 0 });
    t.after(() => socket.close());
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    sender.send(
      '{"t":1,"steering":0.5}\n{"t":2,"steering":0.6}\nnonsense\n',
      socket.port,
      '127.0.0.1',
    );
    while (track.counters.received < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([track.counters.received, track.counters.rejected], [2, 1]);
    await assert.rejects(
      openSignalSocket(track, { port: socket.port }),
      (error) => error instanceof RoadgazeError && error.code === 'PORT_IN_USE',
    );
  });
});
