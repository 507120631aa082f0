/** Results that say what is wrong: `kernelStatus` of src/kernel/kernel.ts. */
export const truncated: i32 = -1;
export const corrupt: i32 = -2;
export const wrongSize: i32 = -3;
