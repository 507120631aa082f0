// Clones in parts in a process of its own, which a test may end at any moment: staging, origin, URLs of mirrors.
import { Repository } from '../../repositories/repository.ts';
import { runParts } from './parts-run.ts';

const [staging = '', origin = '', ...urls] = process.argv.slice(2);
await runParts(new Repository(staging), new Repository(origin), urls);
