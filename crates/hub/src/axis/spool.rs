//! Files on their way: a packet that is made or taken apart lies on disk, never in memory.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use domain::digest::Digest;
use ring::digest::{Context, SHA256};

/// Empties the directory, or makes it: what lies there is of a run that has ended.
pub(super) fn clear(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(dir)
}

/// A file of the spool, removed when it is let go of.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) digest: Digest,
}

impl Spooled {
    pub(super) fn open(&self) -> io::Result<BufReader<File>> {
        Ok(BufReader::with_capacity(64 * 1024, File::open(&self.path)?))
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // What stays is cleared at the next start.
        drop(fs::remove_file(&self.path));
    }
}

/// Writes a file of the spool, its digest on the way.
pub(super) struct SpoolWriter {
    out: BufWriter<File>,
    context: Context,
    path: PathBuf,
    size: u64,
}

impl SpoolWriter {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        Ok(Self { out: BufWriter::with_capacity(64 * 1024, File::create(&path)?), context: Context::new(&SHA256), path, size: 0 })
    }

    pub(super) fn finish(mut self) -> io::Result<Spooled> {
        self.out.flush()?;
        let digest = Digest::try_from(self.context.finish().as_ref()).map_err(io::Error::other)?;
        Ok(Spooled { path: self.path, size: self.size, digest })
    }
}

impl Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.context.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Takes the files of a packet that is being read.
pub(super) struct SpoolSink {
    stem: PathBuf,
    number: usize,
    current: Option<SpoolWriter>,
}

impl SpoolSink {
    /// Files are named after `stem`.
    pub(super) fn new(stem: PathBuf) -> Self {
        Self { stem, number: 0, current: None }
    }

    fn current(&mut self) -> io::Result<&mut SpoolWriter> {
        self.current.as_mut().ok_or_else(|| io::Error::other("no file was begun"))
    }
}

impl edxml::Sink for SpoolSink {
    type Stored = Spooled;

    fn begin(&mut self) -> io::Result<()> {
        self.number += 1;
        self.current = Some(SpoolWriter::create(self.stem.with_extension(format!("{}.file", self.number)))?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.current()?.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<Spooled> {
        self.current.take().ok_or_else(|| io::Error::other("no file was begun"))?.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_digested_as_it_is_written_and_gone_when_let_go_of() {
        let dir = tempfile::tempdir().unwrap();
        let spool = dir.path().join("spool");
        clear(&spool).unwrap();
        let mut writer = SpoolWriter::create(spool.join("a")).unwrap();
        writer.write_all(b"abc").unwrap();
        let spooled = writer.finish().unwrap();
        // FIPS 180-2, B.1.
        assert_eq!(spooled.digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((spooled.size, fs::read(&spooled.path).unwrap()), (3, b"abc".to_vec()));
        let path = spooled.path.clone();
        drop(spooled);
        assert!(!path.exists());
        fs::write(spool.join("left"), "x").unwrap();
        clear(&spool).unwrap();
        assert_eq!(fs::read_dir(&spool).unwrap().count(), 0);
    }
}
