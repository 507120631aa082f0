import { checkGroup } from './check-group.ts';
import { cloning } from './scenarios/cloning.ts';

checkGroup('cloning', cloning);
