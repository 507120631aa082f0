import type { Coordinates } from './country-centres.ts';

const earthRadiusKm = 6371;

/** Kilometres between two places along the surface, by the haversine formula. */
export function greatCircleKm(from: Coordinates, to: Coordinates): number {
  const [fromLatitude, toLatitude] = [radians(from.latitude), radians(to.latitude)];
  const latitudes = Math.sin((toLatitude - fromLatitude) / 2) ** 2;
  const longitudes = Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  const chord = latitudes + Math.cos(fromLatitude) * Math.cos(toLatitude) * longitudes;
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, chord)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
