/**
 * An object's number in one `ObjectDatabase`: equal for equal names, small enough to index arrays with, and valid
 * for as long as the database is open. Numbers below `packedCount` are positions in sorted tables of names; those
 * above are given to loose and missing objects as they are met.
 */
export type ObjectNumber = number;
