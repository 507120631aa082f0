/** Told of traffic as it happens; kept by whoever wants counts or rates. All byte counts are of body bytes. */
export interface TrafficMeter {
  /** A request begins. */
  request(): void;
  /** So many bytes went to the remote. */
  sent(bytes: number): void;
  /** So many bytes came from the remote. */
  received(bytes: number): void;
}
