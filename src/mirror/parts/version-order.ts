/** Name without its folder, cut into digits and the rest: `refs/tags/v1.10-rc2` as `v`, `1`, `.`, `10`, `-rc`, `2`. */
function piecesOf(name: string): readonly string[] {
  return name.match(/\d+|\D+/g) ?? [];
}

/** Words behind a number that stand in front of the release: `1.0-rc1` comes before `1.0`. */
const preliminary = /^[-._]?(?:alpha|beta|pre|rc|dev|snapshot|preview|[abcm]$)/i;

/**
 * Compares names as versions: numbers by value, `2.9` before `2.10`, and `2.0-rc1` before `2.0`. It is a guess: what rests
 * on it must hold for any order.
 */
export function compareVersions(left: string, right: string): number {
  const [leftPieces, rightPieces] = [piecesOf(left), piecesOf(right)];
  for (let at = 0; ; at++) {
    const [leftPiece, rightPiece] = [leftPieces[at], rightPieces[at]];
    if (leftPiece === undefined || rightPiece === undefined) {
      if (leftPiece === rightPiece) return 0;
      // The longer one is the later one, unless it only prepares the shorter one.
      if (leftPiece === undefined) return preliminary.test(rightPiece ?? '') ? 1 : -1;
      return preliminary.test(leftPiece) ? -1 : 1;
    }
    const order = comparePieces(leftPiece, rightPiece);
    if (order !== 0) return order;
  }
}

function comparePieces(left: string, right: string): number {
  const [leftIsNumber, rightIsNumber] = [/^\d/.test(left), /^\d/.test(right)];
  if (leftIsNumber && rightIsNumber) {
    const [leftDigits, rightDigits] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
    if (leftDigits.length !== rightDigits.length) return leftDigits.length - rightDigits.length;
    return leftDigits < rightDigits ? -1 : leftDigits > rightDigits ? 1 : 0;
  }
  if (leftIsNumber !== rightIsNumber) return preliminary.test(leftIsNumber ? right : left) === leftIsNumber ? 1 : -1;
  const [leftIsEarly, rightIsEarly] = [preliminary.test(left), preliminary.test(right)];
  if (leftIsEarly !== rightIsEarly) return leftIsEarly ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * What versions of one thing have in common: the name up to its first number, or up to the number behind the last `@` or `/`
 * where there is one (`refs/tags/lib2@1.0.0` is a version of `refs/tags/lib2@`).
 */
export function versionFamily(name: string): string {
  const at = Math.max(name.lastIndexOf('@'), name.lastIndexOf('/')) + 1;
  const digit = name.slice(at).search(/\d/);
  return digit < 0 ? name : name.slice(0, at + digit);
}
