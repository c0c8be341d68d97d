/** UTF-16BE, as Java holds its characters. */
export function jksPassword(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16();
}
