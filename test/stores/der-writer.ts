/** Writes DER by hand, for PKCS#12 files that no tool would make. */

export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  // As short as possible: OpenSSL writes a certificate again in this form.
  const short = length.subarray(length.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([tag, 0x80 + short.length]), short, content]);
}

export const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
export const octets = (bytes: Buffer): Buffer => der(0x04, bytes);
export const context0 = (...contents: readonly Buffer[]): Buffer => der(0xa0, ...contents);

export function integer(value: number): Buffer {
  const bytes = Buffer.alloc(7);
  bytes.writeUIntBE(value, 1, 6);
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first < 0) return der(0x02, Buffer.from([0]));
  return der(0x02, bytes.subarray((bytes[first] ?? 0) >= 0x80 ? first - 1 : first));
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...arcs] = text.split('.').map(Number);
  const bytes = [40 * first + second, ...arcs].flatMap((arc) => {
    const digits = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
      digits.unshift((rest % 128) + 0x80);
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}

/** A PKCS#12 file around plain SafeContents. */
export function pfx(safeContents: Buffer, ...mac: readonly Buffer[]): Buffer {
  return pfxOf(sequence(sequence(oid('1.2.840.113549.1.7.1'), context0(octets(safeContents)))), ...mac);
}

/** A PKCS#12 file around an AuthenticatedSafe. */
export function pfxOf(authenticatedSafe: Buffer, ...mac: readonly Buffer[]): Buffer {
  return sequence(
    integer(3),
    sequence(oid('1.2.840.113549.1.7.1'), context0(octets(authenticatedSafe))),
    ...mac,
  );
}

export function certificateBag(certificate: Buffer): Buffer {
  const bag = sequence(oid('1.2.840.113549.1.9.22.1'), context0(octets(certificate)));
  return sequence(oid('1.2.840.113549.1.12.10.1.3'), context0(bag));
}

/** An encrypted part that claims PBES2 with PBKDF2 and AES-256. */
export function encryptedPart(
  claims: { iterations: number; salt?: Buffer; cipher?: string; derivation?: string },
  ciphertext: Buffer,
): Buffer {
  const salt = claims.salt ?? Buffer.alloc(16, 1);
  const derivation = sequence(
    oid(claims.derivation ?? '1.2.840.113549.1.5.12'),
    sequence(octets(salt), integer(claims.iterations)),
  );
  const cipher = sequence(oid(claims.cipher ?? '2.16.840.1.101.3.4.1.42'), octets(Buffer.alloc(16)));
  const algorithm = sequence(oid('1.2.840.113549.1.5.13'), sequence(derivation, cipher));
  const info = sequence(oid('1.2.840.113549.1.7.1'), algorithm, der(0x80, ciphertext));
  return sequence(oid('1.2.840.113549.1.7.6'), context0(sequence(integer(0), info)));
}
