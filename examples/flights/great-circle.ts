export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

const EARTH_RADIUS_MILES = 3958.8;
const RADIANS_PER_DEGREE = Math.PI / 180;

/** The shortest way over ground (haversine), rounded to a tenth of a mile. */
export function greatCircleMiles(from: Position, to: Position): number {
  const latitude = (to.latitude - from.latitude) * RADIANS_PER_DEGREE;
  const longitude = (to.longitude - from.longitude) * RADIANS_PER_DEGREE;
  const chord =
    Math.sin(latitude / 2) ** 2 +
    Math.cos(from.latitude * RADIANS_PER_DEGREE) *
      Math.cos(to.latitude * RADIANS_PER_DEGREE) *
      Math.sin(longitude / 2) ** 2;
  return Math.round(20 * EARTH_RADIUS_MILES * Math.asin(Math.sqrt(chord))) / 10;
}
