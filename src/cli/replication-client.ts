import type { UnstableClient } from '../sync/unstable-client.ts';

/** The library as the command line uses it. */
export type ReplicationClient = Pick<UnstableClient, 'probe' | 'plan' | 'sync' | 'replicate' | 'bootstrap'>;
