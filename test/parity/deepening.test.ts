import { checkGroup } from './check-group.ts';
import { deepenings } from './scenarios/deepening.ts';

checkGroup('deepening', deepenings);
