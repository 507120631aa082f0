import type { TrafficMeter } from '../transport/traffic-meter.ts';

/** Counts what goes between this process and one service of one end. */
export class ServiceTally implements TrafficMeter {
  /** `source git-upload-pack`, `target git-receive-pack`, … */
  readonly name: string;
  requests = 0;
  requestBytes = 0;
  responseBytes = 0;
  wants = 0;
  haves = 0;
  commands = 0;

  constructor(name: string) {
    this.name = name;
  }

  request(): void {
    this.requests += 1;
  }

  sent(bytes: number): void {
    this.requestBytes += bytes;
  }

  received(bytes: number): void {
    this.responseBytes += bytes;
  }
}
