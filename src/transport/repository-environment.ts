/**
 * Variables that bind a Git program to the repository of whoever called us (`git rev-parse --local-env-vars`), and the
 * mark of a push in progress, which makes refs unwritable. They are set when we run from an alias or a hook, and would
 * turn the remote's program towards the wrong repository.
 */
const repositoryVariables = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
  'GIT_WORK_TREE',
] as const;

/** Configuration given on a command line (`git -c`). A local remote must not see it; a remote helper is meant to. */
const configurationVariables = /^GIT_CONFIG(?:_PARAMETERS|_COUNT|_KEY_\d+|_VALUE_\d+)?$/;

/** Secrets for either end: no program we start, and no hook it runs, has a use for them. */
const ownSecrets = /^GIT_MIRROR_.*TOKEN$/;

/**
 * `env` for a program that serves another repository: without the variables that name the caller's repository and
 * without our own secrets, and with messages in English, from which is told what went wrong. `keepConfiguration` leaves
 * what `git -c` set.
 */
export function programEnvironment(
  env: Readonly<NodeJS.ProcessEnv>,
  options: { readonly keepConfiguration: boolean },
): NodeJS.ProcessEnv {
  const bound = new Set<string>(repositoryVariables);
  const kept = Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !bound.has(name) && !ownSecrets.test(name) && (options.keepConfiguration || !configurationVariables.test(name)),
    ),
  );
  return withEnglishMessages(kept);
}

/** `LC_ALL` outranks `LC_MESSAGES`; its value moves to `LANG`, so that encodings and file names stay as they were. */
function withEnglishMessages({ LC_ALL: all, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, ...(all === undefined || all === '' ? {} : { LANG: all }), LC_MESSAGES: 'C' };
}

/** `env` with one more configuration value in the form of git(1), `GIT_CONFIG_COUNT`. */
export function withConfiguration(env: NodeJS.ProcessEnv, key: string, value: string): NodeJS.ProcessEnv {
  const count = /^\d{1,4}$/.test(env['GIT_CONFIG_COUNT'] ?? '') ? Number(env['GIT_CONFIG_COUNT']) : 0;
  return {
    ...env,
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${String(count)}`]: key,
    [`GIT_CONFIG_VALUE_${String(count)}`]: value,
  };
}
