import type { GitConfig } from '../git-config.ts';
import { isSettled, stampOf } from '../file-stamp.ts';
import type { RepositoryLayout } from '../layout/repository-layout.ts';
import { openRefStore } from '../refs/open-ref-store.ts';
import { environmentConfigKey } from './config-environment.ts';
import { ConfigSnapshot } from './config-snapshot.ts';
import type { Environment } from './expand-path.ts';
import { type ConfigPlace, loadConfig, type LoadedConfig } from './load-config.ts';

interface CachedConfig {
  readonly config: GitConfig;
  readonly loaded: LoadedConfig;
  /** Whether every change of one of the files since then shows in its stamp. */
  readonly isSettled: boolean;
}

/** Configurations of many repositories, each read again when one of its files has changed. Belongs to one worker. */
export class GitConfigCache {
  readonly #maxConfigs: number;
  readonly #configs = new Map<string, CachedConfig>();

  constructor(maxConfigs = 1000) {
    this.#maxConfigs = maxConfigs;
  }

  /** As {@link readGitConfig}. */
  read(layout: RepositoryLayout, env: Environment): GitConfig {
    const place: ConfigPlace = { ...layout, env, currentBranch: () => readCurrentBranch(layout) };
    const key = cacheKey(place);
    const cached = this.#configs.get(key);
    this.#configs.delete(key);
    const current = cached !== undefined && isCurrent(cached, place) ? cached : load(place, cached);
    this.#configs.set(key, current);
    for (const oldest of this.#configs.keys()) {
      if (this.#configs.size <= this.#maxConfigs) break;
      this.#configs.delete(oldest);
    }
    return current.config;
  }
}

const sharedCache = new GitConfigCache();

/**
 * The configuration of one repository, with everything git-config(1) names in "FILES" and "ENVIRONMENT". Costs one `stat`
 * for each file that was read, or looked for, while nothing changes: the same object is given again then.
 *
 * @param env - the environment git would have: `HOME`, `XDG_CONFIG_HOME`, `GIT_CONFIG_*`
 * @throws GitMirrorError `GM_CORRUPT` for what git dies of, in its words; `GM_LIMIT`; `GM_SYSTEM`
 */
export function readGitConfig(layout: RepositoryLayout, env: Environment, cache = sharedCache): GitConfig {
  return cache.read(layout, env);
}

function load(place: ConfigPlace, previous: CachedConfig | undefined): CachedConfig {
  const loaded = loadConfig(place);
  const fresh = new ConfigSnapshot(loaded.entries);
  const config = previous?.config.version === fresh.version ? previous.config : fresh;
  return { config, loaded, isSettled: [...loaded.files.values()].every((stamp) => isSettled(stamp)) };
}

function isCurrent(cached: CachedConfig, place: ConfigPlace): boolean {
  const { loaded } = cached;
  if (!cached.isSettled) return false;
  for (const [path, stamp] of loaded.files) {
    if (stampOf(path) !== stamp) return false;
  }
  return loaded.branch === undefined || loaded.branch.name === place.currentBranch();
}

function cacheKey({ gitDir, commonDir, worktreeConfig, env }: ConfigPlace): string {
  const names = ['HOME', 'XDG_CONFIG_HOME', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_GLOBAL', 'GIT_CONFIG_NOSYSTEM'];
  const variables = names.map((name) => env[name] ?? null);
  return JSON.stringify([gitDir, commonDir, worktreeConfig, ...variables, environmentConfigKey(env)]);
}

function readCurrentBranch(layout: RepositoryLayout): string | undefined {
  const target = openRefStore(layout).head()?.target;
  return target?.startsWith('refs/heads/') === true ? target.slice('refs/heads/'.length) : undefined;
}
