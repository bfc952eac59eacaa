"""An RTSP server at /road for raw I420 pictures on stdin: `rtsp-source.py WIDTH HEIGHT FPS` prints its port."""
import sys
import threading

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer

Gst.init(None)
width, height, fps = map(int, sys.argv[1:])
source = None


def configured(_factory, media):
    global source
    source = media.get_element().get_by_name('source')


def read():
    while picture := sys.stdin.buffer.read(width * height * 3 // 2):
        if source:
            source.emit('push-buffer', Gst.Buffer.new_wrapped(picture))
    loop.quit()


factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( appsrc name=source is-live=true do-timestamp=true format=time caps=video/x-raw,format=I420,width={width},height={height},framerate={fps}/1'
    f' ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max={fps} ! rtph264pay name=pay0 pt=96 config-interval=1 )'
)
factory.set_shared(True)
factory.connect('media-configure', configured)
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service('0')
server.get_mount_points().add_factory('/road', factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
loop = GLib.MainLoop()
threading.Thread(target=read, daemon=True).start()
loop.run()
