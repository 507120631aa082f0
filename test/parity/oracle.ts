import { compareFamilies, type GitVersion } from '../git-versions.ts';

/** The family of git whose server ours does as. */
export const imitatedFamily = '2.55';

/**
 * The git that the git backend runs: the family that was asked for, otherwise the newest that is not newer than the one
 * ours does as, since git's server changes from version to version too. Throws when the one that was asked for is not here.
 */
export function chooseOracle(versions: readonly GitVersion[], asked?: string): GitVersion {
  const found =
    asked === undefined
      ? versions.filter(({ family }) => compareFamilies(family, imitatedFamily) <= 0).at(-1)
      : versions.find(({ family }) => family === asked);
  if (found !== undefined) return found;
  throw new Error(`git ${asked ?? `${imitatedFamily} or older`} is not here; npm run git-versions provides some`);
}
