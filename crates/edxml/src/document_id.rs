//! The name of a document on the axis.

use domain::time::Date;

use crate::moment::{read_date, write_date};

/// `DocumentId` in the form that programs of the axis can take apart: `H12.15,2025/09/15,128/SVD-VP`.
///
/// Ids of others are opaque texts: UUIDs and other forms are about, and nothing may be concluded from them. QĐ 28/2018/QĐ-TTg,
/// Điều 10 names the parts (organisation, year, serial) and no form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentId {
    /// The issuer's code.
    pub organ_id: String,
    /// The day on the document.
    pub date: Date,
    /// Number and notation, joined by `/`.
    pub code: String,
}

impl DocumentId {
    /// Takes an id of that form apart.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (organ_id, rest) = text.split_once(',')?;
        let (date, code) = rest.split_once(',')?;
        let (date, _) = read_date(date)?;
        (!organ_id.is_empty() && code.contains('/')).then(|| Self { organ_id: organ_id.into(), date, code: code.into() })
    }
}

impl std::fmt::Display for DocumentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{},{}", self.organ_id, write_date(self.date), self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_with_commas_is_written_and_read() {
        let id = DocumentId { organ_id: "000.00.00.G22".into(), date: "2015-09-30".parse().unwrap(), code: "7816/VPCP-TTĐT".into() };
        assert_eq!(id.to_string(), "000.00.00.G22,2015/09/30,7816/VPCP-TTĐT");
        assert_eq!(DocumentId::parse("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT"), Some(id));
        for other in ["5a0ad0d9-1d0c-4e4a-9d54-3d7a8a2f0c11", "G01-2025-12/BCA-V03", "G22,2015/09/30,7816", ",2015/09/30,1/A", "G22,x,1/A"]
        {
            assert_eq!(DocumentId::parse(other), None, "{other}");
        }
    }
}
