/** Addresses and names that only this host reaches. */
export function isLoopback(address: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|::1)$/i.test(address);
}
