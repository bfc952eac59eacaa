import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { maskCredentials, parseFeedAddress } from '../../server/live/feed-address.ts';
import { inputOptions } from '../../server/live/input-options.ts';

const CALLED = [
  'rtsp://10.0.0.7/stream1',
  'rtsp://u:p@cam.local:8554/a/b?channel=1&subtype=0',
  'rtsps://cam/x',
  'rtmp://host/live/key',
  'http://cam/video.mjpg?res=720',
  'https://host:8443/a.m3u8',
  'srt://host:9000',
  'srt://[::1]:9000?mode=caller&latency=50000',
  '/dev/video0',
  '/dev/video12',
  'RTSP://HOST/x',
];
const LISTENING = [
  'udp://:5000',
  'udp://@239.1.1.1:5000',
  'udp://0.0.0.0:5000?localaddr=10.0.0.1&reuse=1',
  'rtp://:5004',
  'srt://:9000?mode=listener',
  'rtmp://0.0.0.0:1935/live/x?listen=1',
  '-',
];
const REFUSED = [
  '',
  'road.mp4',
  '/etc/passwd',
  './a.ts',
  '/dev/video',
  '/dev/video0/../sda',
  '/dev/sda',
  'file:/etc/passwd',
  'file:///etc/passwd',
  'concat:a|b',
  'data:video/mp2t;base64,AAAA',
  'pipe:0',
  'pipe:3',
  'crypto:http://a/b',
  'subfile,,start,0,end,9,,:/etc/passwd',
  'async:file:/etc/passwd',
  'cache:http://a/b',
  'tcp://a:1',
  'tls://a:1?cafile=/etc/passwd',
  'unix:/tmp/s',
  'ftp://a/b',
  'gopher://a/b',
  'ipfs://x',
  'lavfi:testsrc',
  'tee:a',
  'http:/a',
  'http://',
  'rtsp://',
  'rtsp://a:0/x',
  'rtsp://a:99999/x',
  'rtsp://a/x?listen',
  'rtmp://a/live/x live=1',
  'http://a/b\n-i /etc/passwd',
  'http://a/b"c',
  'http://a/b#c',
  'udp://a',
  'udp://:5000?connect=1',
  'udp://:5000?fifo_size=1&timeout=5',
  'rtp://:5004?rtcpport=1',
  'srt://host:9000?mode=rendezvous',
  'srt://:9000',
  'srt://h:9000?passphrase_file=/etc/passwd',
  `http://a/${'b'.repeat(3000)}`,
  'http://a/ü',
  'rtsp://a\\b/x',
  '-i',
];

describe('the address of a feed', () => {
  it('is taken where it names a source to call', () => {
    for (const text of CALLED) assert.equal(parseFeedAddress(text).listens, false, text);
  });

  it('is taken where the source comes to us', () => {
    for (const text of LISTENING) assert.equal(parseFeedAddress(text).listens, true, text);
  });

  it('is refused for files, other protocols, and whatever ffmpeg would read as more than an address', () => {
    for (const text of REFUSED) {
      assert.throws(
        () => parseFeedAddress(text),
        (error) =>
          error instanceof RoadgazeError &&
          error.code === 'FEED_ADDRESS_INVALID' &&
          error.hint !== '',
        JSON.stringify(text),
      );
    }
  });

  it('never shows its credentials', () => {
    const { label, url } = parseFeedAddress('rtsp://admin:s3cret@cam:554/x?token=abc&channel=2');
    assert.equal(label, 'rtsp://***@cam:554/x?token=***&channel=2');
    assert.match(url, /s3cret/);
    assert.equal(
      parseFeedAddress('srt://h:9000?passphrase=0123456789&latency=1').label,
      'srt://h:9000?passphrase=***&latency=1',
    );
    assert.throws(
      () => parseFeedAddress('rtsp://me:s3/cret@host/x'),
      (error) => error instanceof RoadgazeError && !error.message.includes('cret'),
    );
    assert.throws(
      () => parseFeedAddress('ftp://me:s3cret@host/x'),
      (error) => error instanceof RoadgazeError && !error.message.includes('s3cret'),
    );
    assert.equal(
      maskCredentials('[tcp] rtsp://a:b@c/d failed, http://e/f'),
      '[tcp] rtsp://***@c/d failed, http://e/f',
    );
  });

  it('takes options from a list, within bounds, and names the one that is wrong', () => {
    const refusal = (text: string): RoadgazeError => {
      try {
        parseFeedAddress(text);
      } catch (error) {
        if (error instanceof RoadgazeError) return error;
      }
      return assert.fail(text);
    };
    assert.match(
      refusal('udp://:5000?timeout=5').message,
      /`timeout` is not an option of udp, which has localaddr, reuse, sources, block, buffer_size, pkt_size, fifo_size\.$/,
    );
    assert.match(
      refusal('srt://h:9000?constructor=1').message,
      /`constructor` is not an option of srt, which has mode, /,
    );
    const wrong: Record<string, RegExp> = {
      'udp://:5000?fifo_size=1000000000': /`fifo_size` must be a whole number from 1 to 262144\.$/,
      'udp://:5000?fifo_size=-1': /`fifo_size` must be/,
      'udp://:5000?fifo_size=28672&fifo_size=99999999999': /`fifo_size` is named twice/,
      'udp://:5000?buffer_size=99999999999': /`buffer_size` must be/,
      'udp://:5000?pkt_size=1e3': /`pkt_size` must be/,
      'udp://:5000?localaddr=host': /`localaddr` must be an IP address/,
      'udp://:5000?sources=1.2.3.4,x': /`sources` must be IP addresses/,
      'rtp://:5004?reuse=2': /`reuse` must be 0 or 1/,
      'rtp://:5004?fifo_size=1': /`fifo_size` is not an option of rtp/,
      'srt://h:9000?latency=99999999999': /`latency` must be/,
      'srt://h:9000?pbkeylen=17': /`pbkeylen` must be 16 or 24 or 32/,
      'srt://h:9000?rcvbuf=99999999999': /`rcvbuf` must be/,
      'srt://h:9000?maxbw=-2': /`maxbw` must be/,
    };
    for (const [text, why] of Object.entries(wrong)) {
      assert.match(refusal(text).message, why);
      assert.equal(refusal(text).hint, 'Correct that option, or leave it out.');
    }
    const secret = refusal('srt://h:9000?passphrase=s3cret');
    assert.match(secret.message, /`passphrase` must be 10 to 79 characters long/);
    assert.ok(!secret.message.includes('s3cret'));
    for (const text of [
      'udp://:5000?fifo_size=262144&buffer_size=1000000&pkt_size=1316',
      'srt://h:9000?passphrase=0123456789&pbkeylen=32&maxbw=-1',
    ])
      parseFeedAddress(text);
    // What a camera makes of its own query is none of ours.
    parseFeedAddress('rtsp://cam/x?fifo_size=1&profile=2');
  });

  it('refuses one that is too long', () => {
    assert.throws(
      () => parseFeedAddress(`rtsp://cam/${'x'.repeat(5000)}`),
      (error) => error instanceof RoadgazeError && /it is longer than \d+ char/.test(error.message),
    );
  });

  it('gives the hint to encode a password that tears it apart, and never shows a part of it', () => {
    for (const sign of ['@', '#', '^', '/', '?', '%z', ':/', '@@', 'a@b/c?d#e^f']) {
      for (const [user, before, after] of [
        ['me', 'p1', 's3cr'],
        ['me', '12', '34'],
        ['admin', '', '99s3'],
      ] as const) {
        assert.throws(
          () => parseFeedAddress(`rtsp://${user}:${before}${sign}${after}@camera.local/x`),
          (error) => {
            assert.ok(error instanceof RoadgazeError && error.code === 'FEED_ADDRESS_INVALID');
            assert.match(error.hint, /@ as %40/, `${before}${sign}${after}`);
            assert.ok(
              !error.message.includes(after) && (before === '' || !error.message.includes(before)),
              error.message,
            );
            return true;
          },
          `${before}${sign}${after}`,
        );
      }
    }
    for (const text of [
      'rtsp://me:a%40b%2Fc@camera/x',
      'rtsp://me:a:b@camera/x',
      'http://cam.local:8080/x?by=me@home.org',
      'http://cam/a@b',
      'http://localhost:80/a@b',
    ])
      parseFeedAddress(text);
    // A user may be called nearly like this machine.
    assert.throws(
      () => parseFeedAddress('http://localhosts:80/a@b'),
      (error) => error instanceof RoadgazeError && /%/.test(error.hint),
    );
    assert.throws(
      () => parseFeedAddress('ftp://me:x@h/x'),
      (error) => error instanceof RoadgazeError && !/%40/.test(error.hint),
    );
  });

  it('limits what ffmpeg may open on the way to protocols of its own kind', () => {
    for (const text of [...CALLED, ...LISTENING]) {
      const options = inputOptions({
        address: parseFeedAddress(text),
        transport: 'tcp',
        source: null,
        analyzeSeconds: 0,
      });
      const allowed = options[options.indexOf('-protocol_whitelist') + 1]!.split(',');
      for (const forbidden of ['concat', 'data', 'subfile', 'unix', 'cache', 'async'])
        assert.ok(!allowed.includes(forbidden), text);
      assert.equal(allowed.includes('file'), text.startsWith('/dev/'), text);
    }
  });

  it('passes an option for listening to ffmpeg, and not to the other side', () => {
    const address = parseFeedAddress('rtmp://0.0.0.0:1935/live/x?listen=1&a=b');
    assert.equal(address.url, 'rtmp://0.0.0.0:1935/live/x?a=b');
    const options = inputOptions({ address, transport: 'tcp', source: null, analyzeSeconds: 0 });
    assert.equal(options[options.indexOf('-listen') + 1], '1');
  });
});
