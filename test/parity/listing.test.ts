import { checkGroup } from './check-group.ts';
import { listing } from './scenarios/listing.ts';

checkGroup('listing', listing);
