import { checkGroup } from './check-group.ts';
import { lazyFetching } from './scenarios/lazy-fetching.ts';

checkGroup('lazy-fetching', lazyFetching);
