import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { readSignalLine } from '../../server/live/signal-line.ts';
import { openSignalSocket } from '../../server/live/signal-socket.ts';
import { SignalTrack } from '../../server/live/signal-track.ts';

describe('driving signals', () => {
  it('are JSON lines with a time and at least one value', () => {
    assert.deepEqual(readSignalLine('{"t": 1.5, "steering": -0.25, "speed": 12}'), { t: 1.5, steering: -0.25, speed: 12 });
    assert.deepEqual(readSignalLine('{"t":1,"speed":3,"gear":2}'), { t: 1, steering: null, speed: 3 });
    for (const line of ['', 'x', '{}', '{"t":1}', '{"steering":1}', '{"t":"1","steering":1}', '{"t":1,"steering":"a"}', '[1,2]', 'null', '{"t":1e999,"steering":1}', `{"t":1,"steering":1,"x":"${'y'.repeat(2000)}"}`]) {
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
    assert.deepEqual([2.1, 2.6, 3.1].map((time) => track.asOf(time)?.steering), [2, 2.5, 3]);
  });

  it('begin anew when the sender\'s clock is set', () => {
    const track = new SignalTrack();
    for (let n = 0; n < 5; n++) track.add({ t: 5000 + n, steering: 1, speed: null }, 100_000 + n * 1000);
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

  it('come by UDP, and lines that cannot be read are counted', async (t) => {
    const track = new SignalTrack();
    const socket = await openSignalSocket(track, { port: 0 });
    t.after(() => socket.close());
    const sender = createSocket('udp4');
    t.after(() => sender.close());
    sender.send('{"t":1,"steering":0.5}\n{"t":2,"steering":0.6}\nnonsense\n', socket.port, '127.0.0.1');
    while (track.counters.received < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([track.counters.received, track.counters.rejected], [2, 1]);
    await assert.rejects(openSignalSocket(track, { port: socket.port }), (error) => error instanceof RoadgazeError && error.code === 'PORT_IN_USE');
  });
});
