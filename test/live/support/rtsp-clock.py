"""
An RTSP server at /road whose pictures show their number as bars: `rtsp-clock.py ENCODER PAYLOADER [running-time]` prints its port, then, for each picture,
its number and the times of day (s) before and after it entered the encoder. With `running-time` its sender reports tell no time of day.
"""
import sys
import threading
import time

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer

Gst.init(None)
WIDTH, HEIGHT, FPS, BITS = 160, 96, 15, 12
encoder, payloader, *ntp = sys.argv[1:]
source = None


class Media(GstRtspServer.RTSPMedia):
    def do_setup_rtpbin(self, rtpbin):
        # Otherwise reports tell when pictures are sent.
        rtpbin.set_property('rtcp-sync-send-time', False)
        if ntp:
            rtpbin.set_property('ntp-time-source', ntp[0])
        return True


def configured(_factory, media):
    global source
    source = media.get_element().get_by_name('source')


def picture(number):
    bits = [number >> (BITS - 1 - i) & 1 for i in range(BITS)]
    parity = sum(bits) % 2
    bars = [1, 0, *bits, parity, 1 - parity]
    row = bytes(255 * bars[x * len(bars) // WIDTH] for x in range(WIDTH))
    return row * HEIGHT + bytes([128]) * (WIDTH * HEIGHT // 2)


def push():
    number = 0
    while True:
        time.sleep(1 / FPS)
        if not source:
            continue
        shown = Gst.Buffer.new_wrapped(picture(number % 2**BITS))
        before = time.time()
        source.emit('push-buffer', shown)
        print(number % 2**BITS, before, time.time(), flush=True)
        number += 1


factory = GstRtspServer.RTSPMediaFactory()
factory.set_media_gtype(Media.__gtype__)
factory.set_launch(
    f'( appsrc name=source is-live=true do-timestamp=true format=time caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={FPS}/1'
    f' ! {encoder} ! {payloader} name=pay0 pt=96 )'
)
factory.set_shared(True)
factory.connect('media-configure', configured)
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service('0')
server.get_mount_points().add_factory('/road', factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
threading.Thread(target=push, daemon=True).start()
GLib.MainLoop().run()
