import { checkGroup } from './check-group.ts';
import { rawRequests } from './scenarios/raw-requests.ts';

checkGroup('raw-requests', rawRequests);
