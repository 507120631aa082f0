import { Flag, type FlagGroup } from './flag.ts';
import { parseText } from './flag-values.ts';

/** Values of {@link endpointFlags}, as far as the library takes them as they are. */
export interface EndpointFlags {
  readonly protocol?: 'auto' | 'v1' | 'v2';
  readonly caFile?: string;
  readonly followRedirects?: boolean;
}

const connection = 'Connection:';
const credentials = 'Credentials:';

function roleFlags(role: 'source' | 'target'): readonly Flag[] {
  const prefix = `GIT_MIRROR_${role.toUpperCase()}`;
  return [
    new Flag(`--${role}-username <name>`, `user name for the ${role} (default: git)`, {
      parse: parseText,
      group: credentials,
    }),
    new Flag(`--${role}-token <token>`, `password or token for the ${role}; prefer ${prefix}_TOKEN`, {
      parse: parseText,
      group: credentials,
    }),
    new Flag(`--${role}-token-file <path>`, `read the token for the ${role} from a file, or from standard input (-)`, {
      parse: parseText,
      group: credentials,
    }),
    new Flag(
      `--${role}-bearer-token <token>`,
      `token for the ${role}, sent as a bearer; prefer ${prefix}_BEARER_TOKEN`,
      { parse: parseText, group: credentials },
    ),
    new Flag(
      `--${role}-bearer-token-file <path>`,
      `read the bearer token for the ${role} from a file, or from standard input (-)`,
      { parse: parseText, group: credentials },
    ),
    new Flag(`--${role}-insecure-skip-tls-verify`, `accept any certificate from the ${role}`, {
      environment: `${prefix}_SKIP_TLS_VERIFY`,
      group: connection,
    }),
  ];
}

const caFileFlag: FlagGroup = () => [
  new Flag('--ca-file <path>', 'trust the certificate authorities in this PEM file, too', {
    parse: parseText,
    group: connection,
  }),
];

/** How a source alone is reached. */
export const sourceFlags: FlagGroup = () => [...caFileFlag(), ...roleFlags('source')];

/** How the two ends are reached. */
export const endpointFlags: FlagGroup = () => [
  new Flag('--protocol <version>', 'Git protocol spoken to the source (default: auto)', {
    choices: ['auto', 'v1', 'v2'],
    group: connection,
  }),
  ...caFileFlag(),
  new Flag('--follow-redirects', 'follow a redirect of /info/refs (the default)', { group: connection }),
  new Flag('--no-follow-redirects', 'refuse redirects of /info/refs', { group: connection }),
  ...roleFlags('source'),
  ...roleFlags('target'),
];
