import type { Topic } from '../store/message-store.ts';

/** Types that tell about the software, not about the drive. */
const NOT_OF_THE_CAR =
  /^(rcl_interfaces|rosgraph_msgs|diagnostic_msgs|tf2?_msgs|visualization_msgs|bond|actionlib_msgs|lifecycle_msgs|service_msgs|statistics_msgs|dynamic_reconfigure|foxglove\.(Log|SceneUpdate|FrameTransforms?|PointCloud|LaserScan|Grid|CameraCalibration|ImageAnnotations|GeoJSON))|CameraInfo$|\bparameter_events$/;

/** Its numbers are the car's, as far as its type tells. */
export function isOfTheCar({ type }: Pick<Topic, 'type'>): boolean {
  return !NOT_OF_THE_CAR.test(type);
}
