import type { ObjectFormat } from '../core/object-id.ts';
export declare class Capabilities {
  static parseList(text: string): Capabilities;
  static parseLines(lines: Iterable<string>): Capabilities;
  has(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
  features(name: string): ReadonlySet<string>;
  names(): readonly string[];
  /** Each as `name` or `name=value`, in order. */
  formatLines(): readonly string[];
  formatList(): string;
  /** The `object-format` capability, sha1 when absent. Throws GM_OBJECT_FORMAT for one this package does not know. */
  objectFormat(): ObjectFormat;
}
