/** What follows differs from release to release; CDR needs no more than what comes first. */
const DRIVE_BY_WIRE_STEERING = `
std_msgs/Header header
float32 steering_wheel_angle
float32 steering_wheel_cmd
float32 steering_wheel_torque
float32 speed`;

/**
 * ROS 2 types outside of the standard packages, as `.msg` text: bags in SQLite before ROS 2 Iron do
 * not define their types. Types of one's own package are written with it.
 */
export const DRIVING_DEFINITIONS: Readonly<Record<string, string>> = {
  'ackermann_msgs/AckermannDrive': `
float32 steering_angle
float32 steering_angle_velocity
float32 speed
float32 acceleration
float32 jerk`,
  'ackermann_msgs/AckermannDriveStamped': `
std_msgs/Header header
ackermann_msgs/AckermannDrive drive`,

  'autoware_vehicle_msgs/SteeringReport': `
builtin_interfaces/Time stamp
float32 steering_tire_angle`,
  'autoware_auto_vehicle_msgs/SteeringReport': `
builtin_interfaces/Time stamp
float32 steering_tire_angle`,
  'autoware_vehicle_msgs/VelocityReport': `
std_msgs/Header header
float32 longitudinal_velocity
float32 lateral_velocity
float32 heading_rate`,
  'autoware_auto_vehicle_msgs/VelocityReport': `
std_msgs/Header header
float32 longitudinal_velocity
float32 lateral_velocity
float32 heading_rate`,
  'autoware_control_msgs/Lateral': `
builtin_interfaces/Time stamp
builtin_interfaces/Time control_time
float32 steering_tire_angle
float32 steering_tire_rotation_rate
bool is_defined_steering_tire_rotation_rate`,
  'autoware_control_msgs/Longitudinal': `
builtin_interfaces/Time stamp
builtin_interfaces/Time control_time
float32 velocity
float32 acceleration
float32 jerk
bool is_defined_acceleration
bool is_defined_jerk`,
  'autoware_control_msgs/Control': `
builtin_interfaces/Time stamp
builtin_interfaces/Time control_time
autoware_control_msgs/Lateral lateral
autoware_control_msgs/Longitudinal longitudinal`,
  'autoware_auto_control_msgs/AckermannLateralCommand': `
builtin_interfaces/Time stamp
float32 steering_tire_angle
float32 steering_tire_rotation_rate`,
  'autoware_auto_control_msgs/LongitudinalCommand': `
builtin_interfaces/Time stamp
float32 speed
float32 acceleration
float32 jerk`,
  'autoware_auto_control_msgs/AckermannControlCommand': `
builtin_interfaces/Time stamp
autoware_auto_control_msgs/AckermannLateralCommand lateral
autoware_auto_control_msgs/LongitudinalCommand longitudinal`,

  'carla_msgs/CarlaEgoVehicleControl': `
std_msgs/Header header
float32 throttle
float32 steer
float32 brake
bool hand_brake
bool reverse
int32 gear
bool manual_gear_shift`,
  'carla_msgs/CarlaEgoVehicleStatus': `
std_msgs/Header header
float32 velocity
geometry_msgs/Accel acceleration
geometry_msgs/Quaternion orientation
carla_msgs/CarlaEgoVehicleControl control`,

  ...Object.fromEntries(
    ['dbw_mkz_msgs', 'dbw_fca_msgs', 'dbw_ford_msgs', 'dbw_polaris_msgs'].map((name) => [
      `${name}/SteeringReport`,
      DRIVE_BY_WIRE_STEERING,
    ]),
  ),
  'ds_dbw_msgs/SteeringReport': `
std_msgs/Header header
float32 steering_wheel_angle`,

  'foxglove_msgs/CompressedVideo': `
builtin_interfaces/Time timestamp
string frame_id
uint8[] data
string format`,
  'foxglove_msgs/CompressedImage': `
builtin_interfaces/Time timestamp
string frame_id
uint8[] data
string format`,
  'foxglove_msgs/RawImage': `
builtin_interfaces/Time timestamp
string frame_id
uint32 width
uint32 height
string encoding
uint32 step
uint8[] data`,
  'ffmpeg_image_transport_msgs/FFMPEGPacket': `
std_msgs/Header header
int32 width
int32 height
string encoding
uint64 pts
uint8 flags
bool is_bigendian
uint8[] data`,
};
