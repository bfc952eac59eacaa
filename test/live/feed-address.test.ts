import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RoadgazeError } from '../../shared/errors.ts';
import { maskCredentials, parseFeedAddress } from '../../server/live/feed-address.ts';
import { inputOptions } from '../../server/live/input-options.ts';

const CALLED = ['rtsp://10.0.0.7/stream1', 'rtsp://u:p@cam.local:8554/a/b?channel=1&subtype=0', 'rtsps://cam/x', 'rtmp://host/live/key', 'http://cam/video.mjpg?res=720', 'https://host:8443/a.m3u8', 'srt://host:9000', 'srt://[::1]:9000?mode=caller&latency=50000', '/dev/video0', '/dev/video12', 'RTSP://HOST/x'];
const LISTENING = ['udp://:5000', 'udp://@239.1.1.1:5000', 'udp://0.0.0.0:5000?localaddr=10.0.0.1&reuse=1', 'rtp://:5004', 'srt://:9000?mode=listener', 'rtmp://0.0.0.0:1935/live/x?listen=1', '-'];
const REFUSED = [
  '', 'road.mp4', '/etc/passwd', './a.ts', '/dev/video', '/dev/video0/../sda', '/dev/sda', 'file:/etc/passwd', 'file:///etc/passwd', 'concat:a|b', 'data:video/mp2t;base64,AAAA',
  'pipe:0', 'pipe:3', 'crypto:http://a/b', 'subfile,,start,0,end,9,,:/etc/passwd', 'async:file:/etc/passwd', 'cache:http://a/b', 'tcp://a:1', 'tls://a:1?cafile=/etc/passwd', 'unix:/tmp/s',
  'ftp://a/b', 'gopher://a/b', 'ipfs://x', 'lavfi:testsrc', 'tee:a', 'http:/a', 'http://', 'rtsp://', 'rtsp://a:0/x', 'rtsp://a:99999/x', 'rtsp://a/x?listen', 'rtmp://a/live/x live=1',
  'http://a/b\n-i /etc/passwd', 'http://a/b"c', 'http://a/b#c', 'udp://a', 'udp://:5000?connect=1', 'udp://:5000?fifo_size=1&timeout=5', 'rtp://:5004?rtcpport=1', 'srt://host:9000?mode=rendezvous',
  'srt://:9000', 'srt://h:9000?passphrase_file=/etc/passwd', `http://a/${'b'.repeat(3000)}`, 'http://a/ü', 'rtsp://a\\b/x', '-i',
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
      assert.throws(() => parseFeedAddress(text), (error) => error instanceof RoadgazeError && error.code === 'FEED_ADDRESS_INVALID' && error.hint !== '', JSON.stringify(text));
    }
  });

  it('never shows its credentials', () => {
    const { label, url } = parseFeedAddress('rtsp://admin:s3cret@cam:554/x?token=abc&channel=2');
    assert.equal(label, 'rtsp://***@cam:554/x?token=***&channel=2');
    assert.match(url, /s3cret/);
    assert.equal(parseFeedAddress('srt://h:9000?passphrase=0123456789&latency=1').label, 'srt://h:9000?passphrase=***&latency=1');
    assert.throws(() => parseFeedAddress('rtsp://me:s3/cret@host/x'), (error) => error instanceof RoadgazeError && !error.message.includes('cret'));
    assert.throws(() => parseFeedAddress('ftp://me:s3cret@host/x'), (error) => error instanceof RoadgazeError && !error.message.includes('s3cret'));
    assert.equal(maskCredentials('[tcp] rtsp://a:b@c/d failed, http://e/f'), '[tcp] rtsp://***@c/d failed, http://e/f');
  });

  it('limits what ffmpeg may open on the way to protocols of its own kind', () => {
    for (const text of [...CALLED, ...LISTENING]) {
      const options = inputOptions({ address: parseFeedAddress(text), transport: 'tcp', source: null, analyzeSeconds: 0 });
      const allowed = options[options.indexOf('-protocol_whitelist') + 1]!.split(',');
      for (const forbidden of ['concat', 'data', 'subfile', 'unix', 'cache', 'async']) assert.ok(!allowed.includes(forbidden), text);
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
