import { checkGroup } from './check-group.ts';
import { fetches } from './scenarios/fetching.ts';

checkGroup('fetching', fetches);
