/** How a live feed is reached. */
export type FeedScheme =
  'rtsp' | 'rtsps' | 'rtmp' | 'srt' | 'udp' | 'rtp' | 'http' | 'https' | 'camera' | 'stdin';
