export declare function printableText(text: string | Uint8Array, maxLength?: number): string;
