//! ZIP files written record by record, so that any record can lie.

/// A file in a container.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its name in the local header.
    pub name: String,
    /// Its name in the directory, where it is another.
    pub directory_name: Option<String>,
    /// Its content, which is stored as it is.
    pub content: Vec<u8>,
    /// The compression method in both headers; 0 is stored.
    pub method: u16,
    /// The declared size, where it is another.
    pub declared: Option<u32>,
    /// The Unix mode.
    pub mode: u16,
    /// Bits of the local header's flags that differ from the directory's.
    pub local_flags: u16,
    /// The checksum, where the content is compressed and its checksum therefore another.
    pub checksum: Option<u32>,
}

impl Stored {
    /// A file as it should be.
    #[must_use]
    pub fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            directory_name: None,
            content: content.to_vec(),
            method: 0,
            declared: None,
            mode: 0,
            local_flags: 0,
            checksum: None,
        }
    }
}

/// A container before it is written.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// Its files, in order.
    pub files: Vec<Stored>,
    /// Bytes in front of the first file.
    pub prefix: Vec<u8>,
    /// Bytes between the last file and the directory.
    pub between: Vec<u8>,
    /// The comment at the end.
    pub comment: Vec<u8>,
    /// Bytes behind the end.
    pub suffix: Vec<u8>,
}

impl Archive {
    /// The files by name and content.
    #[must_use]
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        Self { files: files.iter().map(|(name, content)| Stored::new(name, content)).collect(), ..Self::default() }
    }

    /// The bytes (APPNOTE 6.3, 4.3).
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let mut directory = Vec::new();
        for file in &self.files {
            let offset = out.len() as u32;
            let checksum = file.checksum.unwrap_or_else(|| checksum(&file.content));
            let size = file.declared.unwrap_or(file.content.len() as u32);
            let fields = |name: &str| {
                [
                    &file.method.to_le_bytes()[..],
                    // Time and date: midnight of 1980-01-01.
                    &[0, 0, 0x21, 0],
                    &checksum.to_le_bytes(),
                    &(file.content.len() as u32).to_le_bytes(),
                    &size.to_le_bytes(),
                    &(name.len() as u16).to_le_bytes(),
                    &[0, 0],
                ]
                .concat()
            };
            // Bit 11: names are UTF-8.
            let flags = (0x0800 ^ file.local_flags).to_le_bytes();
            out.extend([&b"PK\x03\x04\x14\0"[..], &flags, &fields(&file.name), file.name.as_bytes(), &file.content].concat());
            let name = file.directory_name.as_ref().unwrap_or(&file.name);
            let tail = [&[0; 8][..], &file.mode.to_le_bytes(), &offset.to_le_bytes()].concat();
            directory.extend([&b"PK\x01\x02\x14\0\x14\0\0\x08"[..], &fields(name), &tail, name.as_bytes()].concat());
        }
        out.extend(&self.between);
        let start = out.len() as u32;
        out.extend(&directory);
        let count = (self.files.len() as u16).to_le_bytes();
        out.extend(
            [
                &b"PK\x05\x06\0\0\0\0"[..],
                &count,
                &count,
                &(directory.len() as u32).to_le_bytes(),
                &start.to_le_bytes(),
                &(self.comment.len() as u16).to_le_bytes(),
                &self.comment,
                &self.suffix,
            ]
            .concat(),
        );
        out
    }
}

/// CRC-32 of ISO 3309, bit by bit.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    let step = |value: u32| if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
    !bytes.iter().fold(u32::MAX, |value, byte| (0..8).fold(value ^ u32::from(*byte), |value, _| step(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
