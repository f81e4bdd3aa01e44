//! How much a packet may ask of its reader.

/// Bounds on a packet. The defaults fit the largest packet of which anything is known many times over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the packet: no regulation names a figure, one gateway sets 50 MB on itself.
    pub packet_bytes: u64,
    /// Bytes of one tag, text or comment outside of attachments.
    pub token_bytes: u64,
    /// Bytes of all texts and attributes together, outside of attachments.
    pub header_bytes: u64,
    /// Elements.
    pub elements: u64,
    /// Elements within elements.
    pub depth: u64,
    /// Attributes of one element, declarations of namespaces among them.
    pub attributes: u64,
    /// Attachments.
    pub attachments: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packet_bytes: 50 * 1024 * 1024,
            token_bytes: 64 * 1024,
            header_bytes: 8 * 1024 * 1024,
            elements: 100_000,
            depth: 32,
            attributes: 16,
            attachments: 200,
        }
    }
}
