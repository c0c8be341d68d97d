/**
 * RC2 in CBC mode, decryption only (RFC 2268). It protects the certificates in PKCS#12 files written by Java
 * before 8u301 and 11.0.12, and by old openssl. OpenSSL 3 has it only in a provider that Node does not load.
 * It is weak today: only read, never written.
 */
const BLOCK_BYTES = 8;
const KEY_WORDS = 64;

// The digits of pi, as a permutation of all bytes (RFC 2268, section 2).
const PI_TABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);

export interface Rc2Key {
  readonly bytes: Buffer;
  readonly effectiveBits: number;
}

/** The plain text without its padding; undefined if the padding is invalid, as with a wrong key. */
export function decryptRc2Cbc(key: Rc2Key, iv: Buffer, ciphertext: Buffer): Buffer | undefined {
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0 || iv.length !== BLOCK_BYTES)
    return undefined;
  const words = expandKey(key);
  const plain = Buffer.alloc(ciphertext.length);
  let previous = iv;
  for (let at = 0; at < ciphertext.length; at += BLOCK_BYTES) {
    const block = ciphertext.subarray(at, at + BLOCK_BYTES);
    decryptBlock(words, block, plain.subarray(at, at + BLOCK_BYTES));
    for (let index = 0; index < BLOCK_BYTES; index += 1)
      plain[at + index] = (plain[at + index] ?? 0) ^ (previous[index] ?? 0);
    previous = block;
  }
  return withoutPadding(plain, BLOCK_BYTES);
}

/** PKCS#5 padding: each padding byte holds the number of padding bytes. */
export function withoutPadding(plain: Buffer, blockBytes: number): Buffer | undefined {
  const padding = plain.at(-1) ?? 0;
  if (padding < 1 || padding > blockBytes || padding > plain.length) return undefined;
  const text = plain.subarray(0, plain.length - padding);
  return plain.subarray(text.length).every((byte) => byte === padding) ? text : undefined;
}

function expandKey({ bytes, effectiveBits }: Rc2Key): Uint16Array {
  const expanded = Buffer.alloc(2 * KEY_WORDS);
  bytes.copy(expanded);
  for (let index = bytes.length; index < expanded.length; index += 1)
    expanded[index] = pi((expanded[index - 1] ?? 0) + (expanded[index - bytes.length] ?? 0));
  const effectiveBytes = Math.ceil(effectiveBits / 8);
  const first = expanded.length - effectiveBytes;
  expanded[first] = pi((expanded[first] ?? 0) & (0xff >> (8 * effectiveBytes - effectiveBits)));
  for (let index = first - 1; index >= 0; index -= 1)
    expanded[index] = pi((expanded[index + 1] ?? 0) ^ (expanded[index + effectiveBytes] ?? 0));
  return Uint16Array.from({ length: KEY_WORDS }, (_, index) => expanded.readUInt16LE(2 * index));
}

function pi(index: number): number {
  return PI_TABLE[index & 0xff] ?? 0;
}

const ROTATIONS = [1, 2, 3, 5] as const;
/** Sixteen mixing rounds, with a mashing round after the fifth and the eleventh; here in reverse order. */
const ROUNDS = 16;
const MASH_BEFORE = new Set([11, 5]);

function decryptBlock(key: Uint16Array, from: Buffer, to: Buffer): void {
  const words = Uint16Array.from({ length: 4 }, (_, index) => from.readUInt16LE(2 * index));
  const word = (index: number): number => words[index & 3] ?? 0;
  for (let round = ROUNDS - 1; round >= 0; round -= 1) {
    for (let index = 3; index >= 0; index -= 1) {
      const rotation = ROTATIONS[index] ?? 0;
      const rotated = (word(index) >>> rotation) | (word(index) << (16 - rotation));
      const mixed = (word(index + 3) & word(index + 2)) + (~word(index + 3) & word(index + 1));
      words[index] = rotated - (key[4 * round + index] ?? 0) - mixed;
    }
    if (!MASH_BEFORE.has(round)) continue;
    for (let index = 3; index >= 0; index -= 1)
      words[index] = word(index) - (key[word(index + 3) & (KEY_WORDS - 1)] ?? 0);
  }
  words.forEach((value, index) => to.writeUInt16LE(value, 2 * index));
}
