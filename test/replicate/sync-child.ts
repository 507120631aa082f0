/**
 * A process of its own that carries out one sync, for tests that kill it. The request, as JSON, is its only argument;
 * it exits with 0 when the sync is done.
 */
import { createClient, type SyncRequest } from '../../src/index.ts';

const request = JSON.parse(process.argv[2] ?? '') as SyncRequest;
await createClient({ useCredentialHelper: false }).sync(request);
