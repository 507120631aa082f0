/** As `http.extraHeader` has it; servers read it from docs/steering.md. */
const directHeader = 'Git-Mirror: direct';

/**
 * `env` under which git asks servers that steer for their own answers (docs/steering.md): who uses mirrors by himself wants
 * refs from the origin alone. The header is added to those that the user has set; where those are for one URL only, git sends
 * them instead, and a server that steers answers such a request itself.
 */
export function directEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const count = env['GIT_CONFIG_COUNT'] ?? '';
  // What makes no sense is for git to complain about.
  if (!/^\d{0,4}$/.test(count)) return env;
  const index = String(Number(count));
  return {
    ...env,
    GIT_CONFIG_COUNT: String(Number(count) + 1),
    [`GIT_CONFIG_KEY_${index}`]: 'http.extraHeader',
    [`GIT_CONFIG_VALUE_${index}`]: directHeader,
  };
}
