//! The parts of a form that is sent with a file in it (RFC 7578), as they come.

/// A piece of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A part begins: its name.
    Begin(String),
    /// Bytes of the part.
    Bytes(Vec<u8>),
}

/// It is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAForm;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// Behind a boundary: the headers of a part, or the end.
    Headers,
    Content,
    End,
}

/// Headers of a part.
const HEADER_BYTES: usize = 8 * 1024;

/// Takes a form apart.
#[derive(Debug)]
pub(crate) struct Form {
    delimiter: Vec<u8>,
    buffer: Vec<u8>,
    state: State,
}

impl Form {
    /// A form whose `Content-Type` is this.
    pub(crate) fn new(content_type: &str) -> Result<Self, NotAForm> {
        let (kind, parameters) = content_type.split_once(';').ok_or(NotAForm)?;
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return Err(NotAForm);
        }
        let boundary = parameters.split(';').find_map(|one| one.trim().strip_prefix("boundary=")).ok_or(NotAForm)?.trim_matches('"');
        // RFC 2046, 5.1.1: 1 to 70 characters.
        if boundary.is_empty() || boundary.len() > 70 {
            return Err(NotAForm);
        }
        // The first delimiter may lack its line break: the buffer begins with one.
        Ok(Self { delimiter: format!("\r\n--{boundary}").into_bytes(), buffer: b"\r\n".to_vec(), state: State::Preamble })
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Piece>) -> Result<(), NotAForm> {
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.state {
                State::Preamble | State::Content => {
                    let at = find(&self.buffer, &self.delimiter);
                    // What could be the start of a delimiter stays.
                    let ready = at.unwrap_or_else(|| self.buffer.len().saturating_sub(self.delimiter.len() - 1));
                    let content: Vec<u8> = self.buffer.drain(..ready).collect();
                    if self.state == State::Content && !content.is_empty() {
                        out.push(Piece::Bytes(content));
                    }
                    if at.is_none() {
                        return Ok(());
                    }
                    self.buffer.drain(..self.delimiter.len());
                    self.state = State::Headers;
                }
                State::Headers => {
                    if self.buffer.starts_with(b"--") {
                        self.state = State::End;
                        continue;
                    }
                    let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
                        return if self.buffer.len() > HEADER_BYTES { Err(NotAForm) } else { Ok(()) };
                    };
                    let headers: Vec<u8> = self.buffer.drain(..end + 4).collect();
                    out.push(Piece::Begin(name_of(&headers).ok_or(NotAForm)?));
                    self.state = State::Content;
                }
                State::End => {
                    self.buffer.clear();
                    return Ok(());
                }
            }
        }
    }

    /// Whether the form has come to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == State::End
    }
}

fn name_of(headers: &[u8]) -> Option<String> {
    let headers = std::str::from_utf8(headers).ok()?;
    let disposition = headers.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = disposition.split(';').find_map(|one| one.trim().strip_prefix("name="))?;
    Some(name.trim_matches('"').to_owned())
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    let first = *pattern.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes.get(from + at..)?.starts_with(pattern) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts = Vec<(String, Vec<u8>)>;

    fn parts(body: &[u8], piece: usize) -> Result<Option<Parts>, NotAForm> {
        let mut form = Form::new("multipart/form-data; boundary=\"xx\"")?;
        let mut out = Vec::new();
        for bytes in body.chunks(piece) {
            form.feed(bytes, &mut out)?;
        }
        let mut parts = Parts::new();
        for piece in out {
            match piece {
                Piece::Begin(name) => parts.push((name, Vec::new())),
                Piece::Bytes(bytes) => parts.last_mut().unwrap().1.extend(bytes),
            }
        }
        Ok(form.is_complete().then_some(parts))
    }

    #[test]
    fn a_form_is_taken_apart_whatever_pieces_it_comes_in() {
        let body = b"--xx\r\nContent-Disposition: form-data; name=\"messageType\"\r\n\r\nedoc\r\n--xx\r\ncontent-disposition: form-data; \
            name=\"edocFile\"; filename=\"a\"\r\nContent-Type: application/xml\r\n\r\n<a>\r\n--x\r\n\r\n</a>\r\n--xx--\r\n";
        let expected = vec![("messageType".to_owned(), b"edoc".to_vec()), ("edocFile".to_owned(), b"<a>\r\n--x\r\n\r\n</a>".to_vec())];
        for piece in 1..body.len() {
            assert_eq!(parts(body, piece), Ok(Some(expected.clone())), "by {piece}");
        }
        assert_eq!(parts(&body[..body.len() - 10], 7), Ok(None));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for kind in ["application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x"] {
            assert!(Form::new(kind).is_err(), "{kind}");
        }
        assert_eq!(parts(b"--xx\r\nX: y\r\n\r\n", 5), Err(NotAForm));
        assert_eq!(parts(&[b"--xx\r\n".as_slice(), &[b'a'; 10_000]].concat(), 100), Err(NotAForm));
    }
}
