import type { OpenService } from './open-service.ts';

/** What a fetch needs besides its request. */
export interface FetchContext {
  readonly service: OpenService;
  readonly userAgent: string;
  /** Completes "… failed while": "fetching main from …". */
  readonly doing: string;
  readonly onMessage: ((line: string) => void) | undefined;
  /** Told when the exchange is over; not `clean` when the answer was left before its end. */
  readonly left: (clean: boolean) => void;
}
