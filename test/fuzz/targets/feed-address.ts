import { maskCredentials, parseFeedAddress } from '../../../server/live/feed-address.ts';
import { inputOptions, inputUrl } from '../../../server/live/input-options.ts';
import { RoadgazeError } from '../../../shared/errors.ts';
import { Defect, judge } from '../judge.ts';
import { mutateText } from '../mutate/text.ts';
import { bytesOf, textOf, type FuzzTarget } from '../target.ts';

const SECRET = 'hunter2secret';
const seeds = [
  'rtsp://camera.local/stream',
  `rtsp://admin:${SECRET}@192.168.1.4:554/h264?channel=1&subtype=0`,
  'rtsps://[fe80::1]:322/live',
  'rtmp://127.0.0.1/live/stream?listen=1',
  `srt://10.0.0.1:9000?mode=caller&passphrase=${SECRET}&latency=120`,
  'srt://:9000?mode=listener',
  'udp://239.1.1.1:5004?fifo_size=1000&localaddr=10.0.0.2',
  'rtp://0.0.0.0:5004',
  `https://user:${SECRET}@example.org:8443/video.mjpg?token=${SECRET}`,
  '/dev/video0',
  '-',
];

export function open(): FuzzTarget {
  return {
    make: (random) => bytesOf(mutateText(random.pick(seeds), random)),
    run(input) {
      const text = textOf(input);
      let said: string;
      let outcome = 'refused';
      try {
        const address = parseFeedAddress(text);
        if (/^(?:file|concat|subfile|data|pipe):/i.test(address.url) && address.scheme !== 'stdin')
          throw new Defect('An address that reaches files');
        inputOptions({ address, transport: 'tcp', source: null, analyzeSeconds: 0 });
        inputUrl(address);
        said = address.label;
        outcome = address.scheme;
      } catch (error) {
        if (!(error instanceof RoadgazeError) || typeof judge(error) !== 'string') throw error;
        said = `${error.message} ${error.hint}`;
      }
      // Only where the damage left the secret in its place can it be known as one.
      if (
        text.split(SECRET).length === 2 &&
        new RegExp(`^[a-z]+://[^/?#@\\s'"]*:${SECRET}@`).test(text) &&
        said.includes(SECRET)
      )
        throw new Defect('A password is shown');
      maskCredentials(text);
      return outcome;
    },
  };
}
