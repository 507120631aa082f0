import type { Scenario } from '../scenario.ts';
import { cloning } from './cloning.ts';
import { deepenings } from './deepening.ts';
import { fetches } from './fetching.ts';
import { lazyFetching } from './lazy-fetching.ts';
import { listing } from './listing.ts';
import { rawRequests } from './raw-requests.ts';

/** Every scenario, by group. */
export const allScenarios: readonly Scenario[] = [
  ...listing,
  ...cloning,
  ...fetches,
  ...deepenings,
  ...lazyFetching,
  ...rawRequests,
];
