//! The ciphers of encrypted PDF files (ISO 32000-2, 7.6.3): RC4, AES in CBC mode and MD5. They open what anybody may open,
//! with the empty password; nothing of a verdict rests on them.

use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use md5::{Digest as _, Md5};

const BLOCK: usize = 16;

/// MD5 of the concatenated `parts`.
pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// RC4 in either direction; an empty key leaves the data as it is.
pub(super) fn rc4(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut state = [0u8; 256];
    state.iter_mut().zip(0..=u8::MAX).for_each(|(slot, value)| *slot = value);
    let mut j = 0u8;
    for (i, &byte) in (0..256usize).zip(key.iter().cycle()) {
        j = j.wrapping_add(state[i]).wrapping_add(byte);
        state.swap(i, usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    let step = |&byte: &u8| {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        byte ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
    };
    if key.is_empty() { data.to_vec() } else { data.iter().map(step).collect() }
}

/// AES-CBC of whole blocks, unpadded; `None` for keys and lengths that AES does not have.
pub(super) fn cbc_decrypt(key: &[u8], iv: &[u8; BLOCK], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.to_vec();
    let mut previous = *iv;
    let cipher = Aes::new(key)?;
    for chunk in out.chunks_mut(BLOCK) {
        let encrypted: [u8; BLOCK] = (&*chunk).try_into().ok()?;
        let mut block = encrypted;
        cipher.decrypt(&mut block);
        chunk.iter_mut().zip(block.iter().zip(previous)).for_each(|(slot, (byte, mask))| *slot = byte ^ mask);
        previous = encrypted;
    }
    Some(out)
}

/// Likewise, the other way.
pub(super) fn cbc_encrypt(key: &[u8], iv: &[u8; BLOCK], data: &[u8]) -> Option<Vec<u8>> {
    let mut out = data.to_vec();
    let mut previous = *iv;
    let cipher = Aes::new(key)?;
    for chunk in out.chunks_mut(BLOCK) {
        chunk.iter_mut().zip(previous).for_each(|(byte, mask)| *byte ^= mask);
        let mut block: [u8; BLOCK] = (&*chunk).try_into().ok()?;
        cipher.encrypt(&mut block);
        chunk.copy_from_slice(&block);
        previous = block;
    }
    Some(out)
}

/// Strings and streams under AES (ISO 32000-2, 7.6.3.1): the initialization vector first, padding at the end.
pub(super) fn open_padded(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let (iv, body) = data.split_first_chunk::<BLOCK>()?;
    let mut out = cbc_decrypt(key, iv, body)?;
    let padding = usize::from(*out.last()?);
    let start = out.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
    if out.get(start..)?.iter().any(|&byte| usize::from(byte) != padding) {
        return None;
    }
    out.truncate(start);
    Some(out)
}

enum Aes {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl Aes {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(|cipher| Self::Short(Box::new(cipher))),
            32 => Aes256::new_from_slice(key).ok().map(|cipher| Self::Long(Box::new(cipher))),
            _ => None,
        }
    }

    fn decrypt(&self, block: &mut [u8; BLOCK]) {
        let mut own = Array::from(*block);
        match self {
            Self::Short(cipher) => cipher.decrypt_block(&mut own),
            Self::Long(cipher) => cipher.decrypt_block(&mut own),
        }
        *block = own.into();
    }

    fn encrypt(&self, block: &mut [u8; BLOCK]) {
        let mut own = Array::from(*block);
        match self {
            Self::Short(cipher) => cipher.encrypt_block(&mut own),
            Self::Long(cipher) => cipher.encrypt_block(&mut own),
        }
        *block = own.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ciphers_give_the_published_values() {
        // RFC 6229, 40-bit key 0102030405, offset 0; RFC 1321, A.5.
        assert_eq!(hex::encode(rc4(&[1, 2, 3, 4, 5], &[0; 16])), "b2396305f03dc027ccc3524a0a1118a8");
        assert_eq!(hex::encode(md5(&[b"message", b" digest"])), "f96b697d7cb7938d525a2f31aaf161d0");
        // NIST SP 800-38A, F.2.1 and F.2.5, first blocks.
        let iv: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let plain = hex::decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
        let short = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let long = hex::decode("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4").unwrap();
        for (key, expected) in [(short, "7649abac8119b246cee98e9b12e9197d"), (long, "f58c4c04d6e5f1ba779eabfb5f7bfbd6")] {
            assert_eq!(hex::encode(cbc_encrypt(&key, &iv, &plain).unwrap()), expected);
            assert_eq!(cbc_decrypt(&key, &iv, &hex::decode(expected).unwrap()).unwrap(), plain);
        }
    }

    #[test]
    fn padding_is_exactly_that_of_the_standard() {
        let (key, iv) = ([7u8; 16], [9u8; 16]);
        let sealed = |plain: &[u8]| [iv.as_slice(), &cbc_encrypt(&key, &iv, plain).unwrap()].concat();
        let mut block = [5u8; 16];
        block[..11].copy_from_slice(b"hello world");
        assert_eq!(open_padded(&key, &sealed(&block)).unwrap(), b"hello world");
        assert_eq!(open_padded(&key, &sealed(&[16; 16])).unwrap(), b"");
        for wrong in [0, 17, 4, 255] {
            block[15] = wrong;
            assert_eq!(open_padded(&key, &sealed(&block)), None, "{wrong}");
        }
        assert_eq!(open_padded(&key, &[0; 15]), None);
        assert_eq!(open_padded(&key, &iv), None);
        assert_eq!(open_padded(&key, &[0; 33]), None);
    }
}
