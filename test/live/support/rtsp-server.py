"""
An RTSP server at /road, with a test picture or with an MP4 of H.264: `rtsp-server.py PORT [FILE]` prints its port; `--check` tells whether it could run.
"""
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer

Gst.init(None)
if not all(Gst.ElementFactory.find(name) for name in ('videotestsrc', 'x264enc', 'rtph264pay')):
    sys.exit('GStreamer has no H.264 encoder')
if sys.argv[1] == '--check':
    sys.exit(0)

factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( filesrc location={sys.argv[2]} ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )' if len(sys.argv) > 2 else
    '( videotestsrc is-live=true ! video/x-raw,width=160,height=96,framerate=15/1'
    ' ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=8 ! rtph264pay name=pay0 pt=96 config-interval=1 )'
)
factory.set_shared(True)
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service(sys.argv[1])
server.get_mount_points().add_factory('/road', factory)
if server.attach(None) == 0:
    sys.exit('The port is taken')
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
