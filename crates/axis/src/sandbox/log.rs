//! What the sandbox has promised: a file of lines that only grows, synced before anybody is told.
//!
//! A line is the CRC-32C of its text in eight digits, a blank, and an event in JSON. A line that is torn by a crash was promised to
//! nobody; it and whatever follows it is cut off when the file is opened.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

/// Lines wait here until they are synced: many at a time.
#[derive(Debug)]
pub(crate) struct Log {
    lines: mpsc::Sender<Line>,
}

type Synced = oneshot::Sender<Result<(), io::ErrorKind>>;

struct Line {
    text: Vec<u8>,
    synced: Synced,
}

/// A line in bytes: a packet to ten thousand receivers takes two million.
const LINE_BYTES: u64 = 16 << 20;

impl Log {
    /// Opens a log and hands out its events, oldest first.
    pub(crate) fn open<E: DeserializeOwned>(path: &Path, mut each: impl FnMut(E) -> Result<(), String>) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut reader = BufReader::new(&file);
        let mut whole = 0;
        loop {
            let mut line = Vec::new();
            let length = io::Read::take(&mut reader, LINE_BYTES).read_until(b'\n', &mut line)?;
            let Some(event) = parse(&line) else { break };
            let event = serde_json::from_slice(event).map_err(|error| broken(whole, &error.to_string()))?;
            each(event).map_err(|why| broken(whole, &why))?;
            whole += length as u64;
        }
        if file.metadata()?.len() > whole {
            tracing::warn!(bytes = file.metadata()?.len() - whole, "cutting off what a crash left of a line");
            file.set_len(whole)?;
            file.sync_all()?;
        }
        (&file).seek(SeekFrom::End(0))?;
        if let Some(dir) = path.parent() {
            File::open(dir)?.sync_all()?;
        }
        let (lines, waiting) = mpsc::channel();
        thread::Builder::new().name("axis-sandbox-log".into()).spawn(move || write(&file, &waiting))?;
        Ok(Self { lines })
    }

    /// Appends events as one; the receiver is told when they are durable. The order is that of the calls.
    pub(crate) fn append<E: Serialize>(&self, events: &[E]) -> oneshot::Receiver<Result<(), io::ErrorKind>> {
        let (synced, receiver) = oneshot::channel();
        let mut text = Vec::new();
        for event in events {
            match serde_json::to_vec(event) {
                Ok(json) => {
                    text.extend_from_slice(format!("{:08x} ", crc32c::crc32c(&json)).as_bytes());
                    text.extend_from_slice(&json);
                    text.push(b'\n');
                }
                Err(_) => {
                    let _ = synced.send(Err(io::ErrorKind::InvalidData));
                    return receiver;
                }
            }
        }
        // Where the writer has ended, the receiver learns it from the sender that is dropped.
        drop(self.lines.send(Line { text, synced }));
        receiver
    }
}

fn broken(at: u64, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the log cannot be read at byte {at}: {why}"))
}

fn parse(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(9)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?.strip_suffix(' ')?, 16).ok()?;
    (crc32c::crc32c(json) == sum).then_some(json)
}

/// Writes what waits, syncs once for all of it. After a failure nothing is written any more: what is on the disk is not known.
fn write(mut file: &File, waiting: &mpsc::Receiver<Line>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter());
        let text = group.iter().map(|line| line.text.as_slice()).collect::<Vec<_>>().concat();
        let outcome = file.write_all(&text).and_then(|()| file.sync_data());
        let failed = outcome.as_ref().err().map(io::Error::kind);
        for line in group {
            // Whoever asked may have gone.
            let _ = line.synced.send(failed.map_or(Ok(()), Err));
        }
        if let Err(error) = outcome {
            tracing::error!(%error, "the log cannot be written; nothing more is taken");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(path: &Path) -> Vec<String> {
        let mut events = Vec::new();
        Log::open(path, |event| {
            events.push(event);
            Ok(())
        })
        .unwrap();
        events
    }

    #[tokio::test]
    async fn what_was_synced_is_read_again_and_a_torn_line_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = Log::open(&path, |_: String| Ok(())).unwrap();
        assert_eq!(log.append(&["a", "b\n"]).await, Ok(Ok(())));
        assert_eq!(log.append(&["c"]).await, Ok(Ok(())));
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        // A whole line among what follows counts: the last case holds the first two again.
        let cases: [(&[u8], &[&str]); 5] =
            [(b"x", &[]), (b"\n", &[]), (b"00000000 \"d\"\n", &[]), (&whole[..7], &[]), (&whole[..whole.len() - 1], &["a", "b\n"])];
        for (torn, more) in cases {
            std::fs::write(&path, [whole.as_slice(), torn].concat()).unwrap();
            let expected = [&["a", "b\n", "c"], more].concat();
            assert_eq!(events(&path), expected);
            assert_eq!(events(&path), expected);
        }
    }
}
