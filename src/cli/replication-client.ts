import type { Client } from '../sync/client.ts';
import type { CallOptions } from '../sync/progress.ts';
import type { SyncRequest } from '../sync/request.ts';
import type { SyncResult } from '../sync/result.ts';

/** The library as the command line uses it: the stable client, and `bootstrap` of the unstable one. */
export interface ReplicationClient extends Client {
  bootstrap(request: SyncRequest, options?: CallOptions): Promise<SyncResult>;
}
