import { collect, Flag, type FlagGroup } from './flag.ts';
import { parseDuration, parseText } from './flag-values.ts';

/** Values of {@link signFlags} and {@link verifyFlags}. */
export interface StateFlags {
  readonly canonical?: string;
  /** Milliseconds. */
  readonly expires?: number;
  readonly key?: string;
  readonly signer?: readonly string[];
  readonly allowedSigners?: string;
  /** False for none. */
  readonly origin?: boolean;
}

const signGroup = 'Signing:';
const verifyGroup = 'Verifying:';

/** What is signed, by whom, and until when it holds. */
export const signFlags: FlagGroup = () => [
  new Flag('--canonical <url>', 'URL of the repository at its origin (default: that of the last statement)', {
    parse: parseText,
    group: signGroup,
  }),
  new Flag('--expires <time>', 'how long the statement says what is: 12h, 7d (default: 7d)', {
    parse: parseDuration,
    group: signGroup,
  }),
  new Flag('--key <key>', 'key to sign with, as git takes it (default: user.signingKey)', {
    parse: parseText,
    group: signGroup,
  }),
  new Flag('--signer <signer>', 'who may sign the next one: "ssh NAME TYPE KEY" or "openpgp FINGERPRINT"', {
    parse: collect,
    repeatable: true,
    group: signGroup,
  }),
  new Flag('--allowed-signers <file>', 'the same for ssh keys, from a file as ssh-keygen(1) describes it', {
    parse: parseText,
    group: signGroup,
  }),
];

/** What a mirror is held against. */
export const verifyFlags: FlagGroup = () => [
  new Flag('--no-origin', 'do not ask the origin: hold the mirror against what was seen before', {
    group: verifyGroup,
  }),
  new Flag('--allowed-signers <file>', 'whom to believe the first statement (default: whom the origin does)', {
    parse: parseText,
    group: verifyGroup,
  }),
];
